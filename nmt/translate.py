"""Translate text with a trained model: one line in, one line out, in order.

  python -m nmt.translate --workdir W < source > translation
  python -m nmt.translate --workdir W --beam 5 --scores file1 file2.gz

Lines end at line feeds alone (or at CR and LF); an empty line gives an empty line. Lines are read,
sorted by length, translated and written in windows, so that a text of any length streams through;
from a terminal, and with --line-by-line, each line is answered before the next one is read. A line
that is not UTF-8, or is too long, gives an empty line too; the last thing said is then an error
that names it, with exit code 2, and nothing else is lost. The same where a file can't be read to
its end.

With --scores a line is score, natural log-probability and translation, separated by tabs; the
score is log-probability / length ** penalty, the length in tokens with the end of sentence. With
--nbest N there are up to N lines for each line of the input, best first, each with the input's
line number in front. --alignments writes JSON lines: source and target tokens, the ends of
sentence included, and alpha, a row for each target token.
"""

import contextlib
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nmt.arguments import Parser, changed, positive, search_given
from nmt.cli import entry
from nmt.data import text_files
from nmt.decoding.limits import MAX_SOURCE
from nmt.errors import UserError
from nmt.files import check_output, naming, replacing


class Lines:
  """The lines of files in order; what is not UTF-8 is noted and left empty.

  faults: what was left empty. cuts: which files could not be read to their end, and from where on.
  """

  def __init__(self, files: Sequence[Path]):
    self.files = files
    self.faults: list[str] = []
    self.cuts: list[str] = []
    self._ends: list[int] = []  # number of lines up to the end of each file

  def __iter__(self) -> Iterator[str]:
    count = 0
    for path in self.files:
      try:
        with text_files.opened(path) as file:
          for number, line in enumerate(file, 1):
            count += 1
            try:
              yield text_files.text(line, number)
            except UnicodeDecodeError as e:
              self.faults.append(f"{self.place(count)}: not valid UTF-8 ({e.reason}), left empty")
              yield ""
      except (OSError, EOFError, zlib.error) as e:  # BadGzipFile is an OSError
        self.cuts.append(f"cannot read on from {self.place(count + 1)} ({e})")
      self._ends.append(count)

  def error(self) -> str | None:
    """A line about all that was not translated; None if there is nothing."""
    parts = [*self.cuts, *self.faults[:1]]
    if not parts:
      return None
    if len(self.faults) > 1:
      parts.append(f"so it went with {len(self.faults) - 1} more")
    count = "all" if not self.cuts else f"{self._ends[-1] - len(self.faults):,}"
    return "; ".join([*parts, f"{count} other lines were translated"])

  def place(self, number: int) -> str:
    """Where the line of this number, counted from 1 over all files, stands."""
    before = 0
    for path, end in zip(self.files, self._ends, strict=False):
      if number <= end:
        return f"{_name(path)}, line {number - before}"
      before = end
    return f"{_name(self.files[len(self._ends)])}, line {number - before}"


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  files = arguments.files or [text_files.STDIN]
  typed = text_files.STDIN in files and text_files.stdin().isatty()
  for path in files:
    if path != text_files.STDIN and (path.is_dir() or not path.exists()):
      raise UserError(f"cannot read {path}: no such file")
  check_output("--alignments", arguments.alignments)

  from nmt.decoding.translator import Translator  # jax: not for a typing error
  from nmt.evaluation import attention
  from nmt.loading import load

  run = load(arguments.workdir, arguments.which)
  if arguments.alignments:
    attention.check(run)
  one_by_one = typed or arguments.line_by_line
  if one_by_one:
    arguments.batch = arguments.batch or 1
  decode = changed(run.config.decode, search_given(arguments))
  if arguments.nbest > decode.beam:
    raise UserError(f"--nbest {arguments.nbest} needs a beam as large; --beam is {decode.beam}")
  translator = Translator(
    run,
    decode,
    n_best=arguments.nbest,
    alphas=arguments.alignments is not None,
    max_tokens=arguments.max_tokens,
    **({"window": 1} if one_by_one else {}),
  )
  lines = Lines(files)
  cut: list[int] = []
  out = sys.stdout.buffer
  with contextlib.ExitStack() as stack:
    alignments = None
    if arguments.alignments:
      alignments = stack.enter_context(replacing(arguments.alignments))
    for number, best in enumerate(translator.translate(lines), 1):
      if translator.cut(best):
        cut.append(number)
      if translator.too_long(best):
        limit = f"more than --max-tokens {translator.max_tokens}"
        lines.faults.append(
          f"{lines.place(number)}: {len(best.source_ids) - 1} tokens, {limit}, left empty"
        )
      with naming("stdout"):
        for one in (best, *best.others):
          # A model of bytes can write an end of line, which would shift every line after it.
          columns = [text_files.one_line(one.text)]
          if arguments.scores:
            columns = [f"{one.score:.6f}", f"{one.log_probability:.6f}", *columns]
          if arguments.nbest > 1:
            columns = [str(number), *columns]
          out.write("\t".join(columns).encode("utf-8", "replace") + b"\n")
        out.flush()
      if alignments:
        alignments.write(_alignment(run, best) + "\n")
        alignments.flush()
  if cut:
    limit = f"at --max-ratio {decode.max_ratio:g} times the source (decode.max_ratio)"
    print(f"warning: {len(cut)} translations are cut {limit}, first that of "
          f"{lines.place(cut[0])}", file=sys.stderr)  # fmt: skip
  if error := lines.error():
    raise UserError(error)
  return 0


def _name(path: Path) -> str:
  return "stdin" if path == text_files.STDIN else str(path)


def _alignment(run: Any, translation: Any) -> str:
  return json.dumps(
    {
      "source": run.source.pieces(translation.source_ids),
      "target": run.target.pieces(translation.ids),
      "alpha": [[round(float(weight), 5) for weight in row] for row in translation.alpha_TxJ],
    },
    ensure_ascii=False,
  )


def _parser() -> Parser:
  parser = Parser("translate", __doc__)
  add = parser.add_argument
  add("files", nargs="*", type=Path, help="text, plain or .gz (default: -, stdin)")
  parser.add_run()
  parser.add_search()
  add("--line-by-line", action="store_true", help="answer a line before the next one is read")
  add(
    "--max-tokens",
    type=positive,
    default=MAX_SOURCE,
    help="tokens of the longest line translated (default %(default)s)",
  )
  add("--nbest", type=positive, default=1, help="translations for each line (default 1)")
  add("--scores", action="store_true", help="put score and log-probability before the text")
  add("--alignments", type=Path, metavar="F", help="write tokens and alpha here, as JSON lines")
  return parser


if __name__ == "__main__":
  entry(main, pipe=True)
