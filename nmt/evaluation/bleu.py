"""BLEU and chrF of a translated corpus: sacreBLEU's, with their signatures."""

import re
from collections.abc import Sequence
from importlib.metadata import version

from ml_collections import ConfigDict
from sacrebleu.metrics import BLEU, CHRF
from sacremoses import MosesPunctNormalizer, MosesTokenizer

from nmt.config import BLEU_TOKENIZERS
from nmt.errors import UserError

# By language, "13a" for all others: sacreBLEU's own choices, and characters for further languages
# that put no spaces between words.
_TOKENIZERS = {
  **dict.fromkeys(("zh", "zho", "cmn", "yue", "wuu", "lzh"), "zh"),
  **dict.fromkeys(("ja", "jpn"), "ja-mecab"),
  **dict.fromkeys(("ko", "kor"), "ko-mecab"),
  **dict.fromkeys(("th", "tha", "lo", "lao", "km", "khm", "my", "mya"), "char"),
  **dict.fromkeys(("bo", "bod", "dz", "dzo", "shn"), "char"),
}


def tokenizer(config: ConfigDict) -> str:
  """sacreBLEU's tokenizer for a run: evaluation.tokenizer, or the one of its target language.

  Characters stand in for a language's own tokenizer that is not installed. Raises UserError if
  the one that the config names can't be used here.
  """
  if chosen := config.evaluation.tokenizer:
    try:
      BLEU(tokenize=chosen)
    except Exception as e:  # a package or a file that can't be had: each has its own kind
      reason = " ".join(str(e).split())
      raise UserError(f"evaluation.tokenizer={chosen} can't be used here: {reason}") from e
    return str(chosen)
  language = re.split("[-_]", config.data.target.lower())[0]
  name = _TOKENIZERS.get(language, "13a")
  try:
    BLEU(tokenize=name)
  except RuntimeError:
    return "char"
  return name


def tokenizer_of(signature: str) -> str:
  """sacreBLEU's tokenizer by the signature of a BLEU, which adds a version to some names."""
  found = re.search(r"tok:([^|]+)", signature)
  names = [name for name in BLEU_TOKENIZERS if found and found[1].startswith(name)]
  return max(names, key=len, default="13a")


def bleu(
  hypotheses: Sequence[str],
  references: Sequence[str],
  lowercase: bool = False,
  tokenizer: str = "13a",
) -> tuple[float, str]:
  """BLEU of detokenised text in [0, 100] (sacreBLEU), with the signature that identifies it.

  Raises UserError when there is nothing to score or the two sides differ in length.
  """
  _check(hypotheses, references)
  # `force` only silences the guess that the text is tokenised; it changes no score.
  metric = BLEU(lowercase=lowercase, force=True, tokenize=tokenizer)
  score = metric.corpus_score(hypotheses, [references]).score
  return float(score), str(metric.get_signature())


def moses_bleu(
  hypotheses: Sequence[str], references: Sequence[str], language: str, lowercase: bool = False
) -> tuple[float, str]:
  """BLEU in [0, 100] of Moses's tokens, as papers before sacreBLEU report it, with its signature.

  Both sides are detokenised text, whose punctuation is normalised before it is tokenised. To be set
  beside such papers alone: it depends on the tokenizer. Raises UserError as `bleu` does.
  """
  normal, tokens = MosesPunctNormalizer(language), MosesTokenizer(language)

  def tokenised(lines: Sequence[str]) -> list[str]:
    return [" ".join(tokens.tokenize(normal.normalize(line), escape=False)) for line in lines]

  score, signature = bleu(tokenised(hypotheses), tokenised(references), lowercase, "none")
  return score, signature.replace("tok:none", f"tok:moses-{version('sacremoses')}")


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
  """chrF2 in [0, 100] (sacreBLEU, character 6-grams, beta 2), with its signature.

  Raises UserError when there is nothing to score or the two sides differ in length.
  """
  _check(hypotheses, references)
  metric = CHRF()
  score = metric.corpus_score(hypotheses, [references]).score
  return float(score), str(metric.get_signature())


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
  if len(hypotheses) != len(references):
    raise UserError(
      f"{len(hypotheses)} translations against {len(references)} references: "
      "each needs one line a sentence"
    )
  if not hypotheses:
    raise UserError("nothing to score: there are no sentences")
