"""Words said twice, left out, invented or left untranslated, each with its sentences.

REP and DROP are Malaviya et al.'s (2018): repeated bigrams that the reference lacks, by 100 words
of the references, and the share of the source words linked to the reference that no word of the
translation is linked to. They align by fast_align; here the links are the run's own attention on
both sides, unless files of links (Pharaoh format, a line a sentence of the split) are given.
Oscillating: a 4-gram occurs at least twice more often than any of the source (Raunak et al., 2021;
Guerreiro et al., 2023). Detached: an adjusted BLEU below 0.01 against the reference (Lee et al.,
2018); with --perturb, also their hallucinations of sources that one more word was put into.
Untranslated: source words in the translation that the reference doesn't have. These are
candidates to be read, and no proof. Words are BLEU's, but for DROP, whose words are the run's.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nmt.analysis import tables, translated
from nmt.analysis.perturbation import perturbed
from nmt.analysis.translated import Sample
from nmt.arguments import positive
from nmt.errors import UserError
from nmt.evaluation import adequacy, alignment, attention, frequency, hallucination
from nmt.evaluation.alignment import Link

_TITLES = {
  "repeated": "words said twice (REP)",
  "dropped": "source words left out (DROP)",
  "oscillating": "oscillating translations",
  "detached": "detached translations",
  "untranslated": "words left untranslated",
  "perturbed": "hallucinations under perturbation",
}
_SHOWN = 5  # sentences of each kind in the terminal


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, figure=False)
  add = parser.add_argument
  add("--reference-links", type=Path, help="links of the whole split to its references, for DROP")
  add(
    "--links", type=Path, help="links of the whole split to the translations, by the same aligner"
  )
  add(
    "--perturb",
    type=positive,
    metavar="N",
    help="put N words into 4 places of each source: as many translations again",
  )
  add("--show", type=positive, default=_SHOWN, help=f"sentences of each kind (default: {_SHOWN})")


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  if bool(given.links) != bool(given.reference_links):
    raise UserError("--links and --reference-links go together: the same aligner makes both")
  sample = translated.read(given)
  links = None
  if given.links:
    links = _read(given.reference_links, sample), _read(given.links, sample)
  decode = translated.decode_of(given, sample.run)
  texts = translated.texts(translated.translate(sample, decode))
  found = errors(sample, texts, links) | {"show": given.show}
  if given.perturb:
    found |= perturbed(sample, texts, given.perturb, decode)
  return found


def errors(
  sample: Sample,
  texts: list[str],
  links: tuple[list[list[Link]], list[list[Link]]] | None = None,
) -> dict[str, Any]:
  """What is wrong with translations; `links` to references and to them, else attention's.

  drop is None of a run without attention if there are no links.
  """
  cut = [
    tuple(frequency.words(line, sample.tokenizer) for line in lines)
    for lines in zip(sample.sources, texts, sample.references, strict=True)
  ]
  repeated = [adequacy.repetition(ours, wanted) for _, ours, wanted in cut]
  own = [sample.run.source.words(line) for line in sample.sources]
  if links is None and sample.run.aligns:
    links = _attended(sample, own, sample.references), _attended(sample, own, texts)
  dropped = None if links is None else [*map(adequacy.dropped, *links)]

  def listed(what: Callable[[int], Any]) -> list[dict[str, Any]]:
    """The sentences of which `what` finds something, each with that."""
    rows = []
    for place, pair in enumerate(sample.pairs):
      if found := what(place):
        sentence = {"source": pair.source, "reference": pair.target, "translation": texts[place]}
        rows.append({"line": sample.lines[place], "found": found, **sentence})
    return rows

  def oscillating(place: int) -> str:
    source, ours, _ = cut[place]
    found = hallucination.oscillation(source, ours)
    return f"{' '.join(found.ngram)} ({found.times} times)" if found else ""

  def detached(place: int) -> str:
    _, ours, wanted = cut[place]
    score = hallucination.adjusted_bleu(ours, wanted)
    return f"adjusted BLEU {score:.3f}" if hallucination.detached(ours, wanted) else ""

  def untranslated(place: int) -> list[str]:
    source, ours, wanted = cut[place]
    spans = hallucination.untranslated(source, ours, wanted)
    return [" ".join(ours[start:end]) for start, end in spans]

  def left_out(place: int) -> list[str]:
    words = own[place] if dropped else []
    return [words[j] for j in sorted(dropped[place].dropped)] if dropped else []

  return {
    "split": sample.split,
    "sentences": len(sample.pairs),
    "update": sample.run.update,
    "rep": adequacy.rep(repeated, sum(len(wanted) for _, _, wanted in cut)),
    "drop": None if dropped is None else adequacy.drop(dropped),
    "repeated": listed(
      lambda place: [
        f"{a} {b}" + (f" ({count} times)" if count > 1 else "")
        for (a, b), count in repeated[place].bigrams.items()
      ]
    ),
    "dropped": listed(left_out),
    "oscillating": listed(oscillating),
    "detached": listed(detached),
    "untranslated": listed(untranslated),
  }


def _attended(sample: Sample, sources: list[list[str]], targets: list[str]) -> list[list[Link]]:
  """The links of the run's attention while these targets are forced."""
  words = ((own, sample.run.target.words(line)) for own, line in zip(sources, targets, strict=True))
  return [
    [] if one.alpha_TxJ is None else attention.links(one.alpha_TxJ)
    for one in attention.align(sample.run, words)
  ]


def _read(path: Path, sample: Sample) -> list[list[Link]]:
  """The links of the sample's lines, from a file with one line for each of the split."""
  lines = alignment.read(path)
  if len(lines) < max(sample.lines):
    raise UserError(f"{path} has {len(lines)} lines, fewer than the split {sample.split}")
  found = []
  for line, source in zip(sample.lines, sample.sources, strict=True):
    links, words = sorted(lines[line - 1].possible), sample.run.source.words(source)
    if any(j >= len(words) for j, _ in links):
      raise UserError(
        f"{path}, line {line}: links to word {max(links)[0]}, but the source has {len(words)} "
        "words, as the run cuts it, from 0"
      )
    found.append(links)
  return found


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints the scores, and some sentences of each kind."""
  tables.head(console, f"{found['split']}: {found['sentences']} sentences")
  rows = [["REP", tables.number(found["rep"])], ["DROP, %", tables.number(found["drop"])]]
  if "perturbed" in found:
    rows.append(["hallucinations under perturbation, %", tables.number(found["perturbed_rate"])])
  titles = {key: title for key, title in _TITLES.items() if key in found}
  rows += [[f"{title}, sentences", f"{len(found[key]):,}"] for key, title in titles.items()]
  console.print(tables.numbers(["error", "found"], rows))
  for key, title in titles.items():
    if found[key]:
      some = f", {found['show']} of {len(found[key])}" if len(found[key]) > found["show"] else ""
      tables.head(console, f"{title}{some}")
      for row in found[key][: found["show"]]:
        _sentence(console, row)


def _sentence(console: Console, row: dict[str, Any]) -> None:
  """What was found in a sentence, and the sentence, each on a line of its own: it may be long."""
  what = row["found"] if isinstance(row["found"], str) else ", ".join(row["found"])
  line = Text(f"  line {row['line']}: ", style="dim")
  console.print(line.append(what, style="not dim bold"), soft_wrap=True)
  tables.texts(console, [(side, row[side]) for side in ("source", "reference", "translation")])
