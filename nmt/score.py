"""The log-probability that a trained model gives to translations: one number a pair, in order.

  python -m nmt.score --workdir W --source S --reference R > scores

Natural logarithm of p(reference | source), summed over the tokens and the end of sentence. A pair
with a side of too many tokens gives nan; the last thing said is then an error that names it, with
exit code 2.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from nmt.arguments import Parser
from nmt.cli import entry
from nmt.data import text_files
from nmt.decoding.limits import MAX_FORCED
from nmt.errors import UserError


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  files = (arguments.source, arguments.reference)
  with text_files.checked(files) as (_, pairs):  # all lines, before the first score is out
    from nmt.decoding.forced import force  # jax: not for a typing error
    from nmt.loading import load

    run = load(arguments.workdir, arguments.which)
    lengths: dict[int, tuple[int, int]] = {}

    def encoded() -> Iterator[tuple[list[int], list[int]]]:
      for number, (source, reference) in enumerate(pairs, 1):
        pair = run.source.encode(source), run.target.encode(reference)
        if max(map(len, pair)) > MAX_FORCED:
          lengths[number] = len(pair[0]), len(pair[1])
        yield pair

    for forced in force(run, encoded(), alignments=False):
      print("nan" if forced is None else f"{forced.log_probs_T.sum(dtype='float64'):.6f}")
  if lengths:
    number, (source, reference) = next(iter(lengths.items()))
    more = f" (and {len(lengths) - 1} more pairs)" if len(lengths) > 1 else ""
    raise UserError(
      f"{arguments.source}, line {number}: {source} tokens and {reference} in the reference, more "
      f"than {MAX_FORCED}; its score is nan{more}"
    )
  return 0


def _parser() -> Parser:
  parser = Parser("score", __doc__)
  add = parser.add_argument
  parser.add_run()
  add("--source", type=Path, required=True, help="source sentences, one a line, or .gz; - is stdin")
  add("--reference", type=Path, required=True, help="their translations, likewise")
  return parser


if __name__ == "__main__":
  entry(main, pipe=True)
