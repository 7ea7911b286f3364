"""Makes one HTML file of a report: nothing is loaded from anywhere, and all text is escaped."""

import base64
import hashlib
import re
import shlex
from pathlib import Path
from typing import Any

import jinja2

from nmt.analysis.report import figures
from nmt.analysis.report.data import Report, row_name
from nmt.analysis.report.grid import Grid, listed
from nmt.analysis.results.columns import short
from nmt.analysis.results.columns import shown as shown_columns
from nmt.analysis.results.footer import NAMES

_HERE = Path(__file__).parent
_COSTS = ("parameters", "FLOPs/token", "tokens/s", "device", "hours")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

_UNPRINTABLE = re.compile(
  "[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
  + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
  + "]"
)


def page(report: Report) -> str:
  """The page's text; of the same folders it is the same to the byte."""
  environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_printable,
  )
  style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("style.css", "hover.js"))
  table = report.table
  names = {id(row): row_name(row, table) for row in table.rows} if table else {}
  groups = {member.name: member.group for member in report.members}
  styles = {id(row): groups[_first(row)] for row in table.rows} if table else {}
  drawn = [figures.lengths(found, names, styles) for found in report.lengths]
  charts = [figures.curves(found, report.groups) for found in report.curves]
  text: str = environment.get_template("page.html.j2").render(
    report=report,
    style=_trusted(style),
    script=_trusted(script),
    policy=_policy(report, style, script),
    tables=_results(report),
    forest=figures.forest(table, names, styles) if table else None,
    runs=_runs(report),
    curves=charts,
    lengths=drawn,
    heatmap=figures.heatmap,
    shape=figures.shape,
    styles=figures.STYLES,
    again=_again(report),
    language=_language,
    listed=listed,
  )
  return text


def _trusted(text: str) -> Any:
  """The page's own style or script, which is not data; kept as it is, for its digest is given."""
  from markupsafe import Markup

  return Markup(text)


def _policy(report: Report, style: str, script: str) -> str:
  """What may be in the page: its style, script and pictures; Treescope's style and script, if any.

  A frame's page is under the policy of the page around it. Treescope makes functions of text.
  """
  views = [one.view for one in report.parameters]
  styles = dict.fromkeys([style, *(text for view in views for text in view.styles)])
  scripts = dict.fromkeys([script, *(text for view in views for text in view.scripts)])
  attributes = "; style-src-attr 'unsafe-inline'" if views else ""
  functions = " 'unsafe-eval'" if views else ""
  images = "img-src data:; " if report.pictures else ""
  return (
    f"default-src 'none'; {images}style-src {' '.join(map(_digest, styles))}{attributes}; "
    f"script-src {' '.join(map(_digest, scripts))}{functions}"
  )


def _digest(text: str) -> str:
  """What a policy calls an element by: the hash of its content."""
  return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _printable(value: Any) -> Any:
  """Text without what HTML can't hold: control characters, lone surrogates and noncharacters."""
  if not isinstance(value, str) or hasattr(value, "__html__"):
    return value
  return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def _again(report: Report) -> str:
  """The commands that make the table and the page."""
  where = shlex.join(report.folders)
  lines = [f"python -m nmt.analyze report {where} -o report.html"]
  if len(report.folders) == 1:
    lines.insert(0, f"python launch.py results --workdir={where}")
  return "\n".join(lines)


def _language(name: str) -> str:
  """A language's tag if it is one, else none."""
  return name if _LANGUAGE.fullmatch(name) else ""


def _first(row: Any) -> str:
  return str(next(iter(row.runs.values())).name)


def _results(report: Report) -> list[tuple[str, Grid]]:
  """The table of launch.py results in parts as wide as a page: costs and own columns apart."""
  table = report.table
  if table is None:
    return []
  keys, shown = table.heads, shown_columns(table)
  own, names = table.own.keys(), shown[:keys]
  rest = [column for column in shown[keys:] if column[0] not in own]
  parts = {
    "A row for each configuration, over its seeds": names
    + [column for column in rest if column[0] not in _COSTS],
    "What they cost": names + [column for column in rest if column[0] in _COSTS],
    "Columns of the study's own": names + [column for column in shown[keys:] if column[0] in own],
  }
  stars = frozenset(at for at, row in enumerate(table.rows) if row.star)
  return [
    (
      caption,
      Grid(
        [short(name, table.keys) for name, _ in columns],
        [[cell(row) for _, cell in columns] for row in table.rows],
        keys,
        bold=stars,
      ),
    )
    for caption, columns in parts.items()
    if len(columns) > keys
  ]


def _runs(report: Report) -> Grid:
  """Every run, done or not, and why it is not in the table."""
  metrics = dict.fromkeys(one.standing.metric for one in report.members if one.standing.metric)
  best = "best"
  if len(metrics) == 1:
    (metric,) = metrics
    best = f"best {NAMES.get(metric, metric)}"
  rows = []
  for member in report.members:
    at = member.standing
    of = "" if at.updates is None else f" of {at.updates:,}"
    score = member.result.scores["bleu"].get("score") if member.result else None
    state = member.why if member.why.startswith(at.state) else f"{at.state}: {member.why}"
    if at.state == "waiting" and member.why:
      state = member.why
    rows.append(
      [
        member.name,
        "done" if member.result else state,
        "" if at.update is None else f"{at.update:,}{of}",
        "" if at.best is None else f"{at.best:.4g}",
        "" if score is None else f"{score:.2f}",
      ]
    )
  return Grid(["run", "state", "updates", f"{best} in validation",
               f"BLEU on {report.study.split}"], rows, 2)  # fmt: skip
