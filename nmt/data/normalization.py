"""One spelling for each character: é can also be written as e and a combining accent.

`data.normalize` names the form of all text: `nfc`, Unicode's composed form, or `none`, as it is.
"""

import functools
import unicodedata

from nmt.data.pair import Pair

# Text that is in this form already comes back itself.
nfc = functools.partial(unicodedata.normalize, "NFC")


def normalized_pair(pair: Pair, form: str) -> Pair:
  """Both sides in that form; links count the same words in any."""
  if form == "none":
    return pair
  source, target = nfc(pair.source), nfc(pair.target)
  if source is pair.source and target is pair.target:
    return pair
  return Pair(source, target, pair.links, pair.spaced)
