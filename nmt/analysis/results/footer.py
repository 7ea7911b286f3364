"""What a reader of the table has to know: signatures, missing runs, what a difference is worth."""

from nmt.analysis.results.table import Options, Table

# Kocmi et al. (2024, arXiv:2401.06760), the table of thresholds: the difference at which people
# prefer the better-scored system in so many of a hundred comparisons.
_WORTH = {
  "bleu": {60: 0.78, 70: 1.39, 80: 2.34},
  "chrf": {60: 0.54, 70: 1.00, 80: 1.63, 90: 3.05},
}


def lines(table: Table, options: Options) -> list[str]:
  """Sentences, the most urgent first."""
  found = [f"Not in the table: {name} ({why})." for name, why in table.study.missing.items()]
  found += table.notes
  found += _code(table)
  if any(row.values["n"] == 1 for row in table.rows):
    found.append(
      "n = 1: one seed, so no standard deviation and no star; the interval is of sentences alone."
    )
  if table.metric in ("bleu", "chrf"):
    found.append(
      "Intervals: 95 %, of seeds and sentences together (two-level bootstrap of "
      f"{options.resamples:,} test sets)."
    )
  else:
    found.append("Intervals: 95 %, of seeds alone (Student's t).")
  if baselines := table.baselines:
    to = baselines[0].name if len(baselines) == 1 else "the baseline of the same other keys"
    how = "seed; p is the interval's"
    if table.metric in ("bleu", "chrf"):
      how = (
        "seed and sentence; p is the larger of approximate randomisation "
        f"({options.trials:,} trials) and the interval's"
      )
    found.append(
      f"Differences are to {to}, paired by {how}, then Holm's over the table; * is p < 0.05 with "
      "at least two seeds."
    )
  found += table.signatures
  if worth := _WORTH.get(table.metric):
    scale = ", ".join(f"{delta:.2f} for {share} %" for share, delta in worth.items())
    found.append(
      "What a difference is worth to readers: people prefer the system with the higher "
      f"{NAMES[table.metric]} in so many of 100 comparisons once it is higher by: {scale} (Kocmi "
      "et al., 2024)."
    )
  return found + credibility(table)


def _code(table: Table) -> list[str]:
  """Whether the runs are of one commit, where they say."""
  commits = [run.commit for row in table.rows for run in row.runs.values()]
  known = dict.fromkeys(commit for commit in commits if commit)
  if len(known) < 2:
    return []
  counts = (f"{commit} ({commits.count(commit)} runs)" for commit in known)
  return [f"The runs are of different code: {', '.join(counts)}."]


def credibility(table: Table) -> list[str]:
  """The four questions of Marie et al. (2021, arXiv:2106.15195), each answered."""
  runs = [run for row in table.rows for run in row.runs.values()]
  tested = any("p" in row.values for row in table.rows)
  data = {repr(run.data) for run in runs}
  same_data = len(data) == 1 and all(runs[0].data.values()) and bool(runs[0].data)
  same_test = len({run.test for run in runs}) == 1
  answers = {
    "a metric beside BLEU": (True, "chrF; no people were asked"),
    "significance is tested": (tested, "" if tested else "nothing is compared"),
    "scores are computed here, not copied": (True, "sacreBLEU"),
    "all systems have the same data": (
      same_data and same_test,
      ""
      if same_data and same_test
      else "the training data differ or are not recorded"
      if same_test
      else "the test sets differ",
    ),
  }
  shown = [
    f"{question}: {'met' if met else 'NOT MET'}{f' ({why})' if why else ''}"
    for question, (met, why) in answers.items()
  ]
  return ["Credibility (Marie et al., 2021): " + "; ".join(shown) + "."]


NAMES = {
  "bleu": "BLEU",
  "chrf": "chrF",
  "perplexity": "perplexity",
  "aer": "AER",
  "attention_entropy": "entropy",
}
