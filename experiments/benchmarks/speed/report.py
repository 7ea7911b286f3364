"""The results as tables for people."""

from typing import Any

from rich.console import Console
from rich.table import Table


def show(section: dict[str, Any], console: Console) -> None:
  """One section of the results."""
  if section["what"] in ("train", "search", "memory"):
    _compared(section, console)
  else:
    _plain(section, console)


def _compared(section: dict[str, Any], console: Console) -> None:
  title = f"{section['what']} · {section['size']} · {section['workload']}"
  table = Table(title=title, title_justify="left", caption=section["counted"], box=None)
  table.add_column("")
  columns = ["target tok/s", "a CPU s", "source tok/s", "sent/s", "MB"]
  if section["what"] == "train":
    columns += ["padded", "GFLOP/s", "of peak"]
  compared = ["nmt is faster by", "by CPU"] if section["what"] != "memory" else []
  for column in [*columns, "compile s", *compared]:
    table.add_column(column, justify="right")
  for name, system in section["systems"].items():
    row = [
      _spread(system["target_tokens_per_wall_second"]),
      f"{system['target_tokens_per_cpu_second']['median']:,.0f}",
      f"{system['source_tokens_per_wall_second']['median']:,.0f}",
      f"{system['sentences_per_wall_second']['median']:,.1f}",
      f"{system['resident_mb']:,.0f}",
    ]
    if section["what"] == "train":
      share = system.get("share_of_peak")
      row += [
        f"{system['padded_share']:.0%}",
        f"{system['gflops']['median']:.1f}",
        f"{share['median']:.2f}" if share else "",
      ]
    row.append(_compiled(system["prepared"].get("compile_seconds", {})))
    ratios = section["ratios"].get(name)
    if compared:
      row += [_spread(ratios[clock], "{:.2f}x") if ratios else "" for clock in ("wall", "cpu")]
    table.add_row(name, *row)
  console.print(table)
  for name, system in section["systems"].items():
    if "temporary_mb" in system["prepared"]:
      console.print(
        f"{name}: compiled temporary memory {system['prepared']['temporary_mb']:,.0f} MB"
      )
  if "joeynmt" in section["systems"] and section["what"] == "train":
    console.print(f"joeynmt's model costs {section['joeynmt_flops']:.2f} times our FLOPs a token")
  console.print()


def _plain(section: dict[str, Any], console: Console) -> None:
  table = Table(title=" · ".join(filter(None, (section["what"], section.get("size")))), box=None)
  table.title_justify = "left"
  table.add_column("")
  table.add_column("", justify="right")
  for name, value in section["found"].items():
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.4g}"
    table.add_row(name.replace("_", " "), shown)
  console.print(table)
  console.print()


def _spread(values: dict[str, Any], form: str = "{:,.0f}") -> str:
  low, high = form.format(values["min"]), form.format(values["max"])
  return f"{form.format(values['median'])} [{low}, {high}]"


def _compiled(seconds: dict[str, float]) -> str:
  if not seconds:
    return ""
  mean = sum(seconds.values()) / len(seconds)
  return f"{len(seconds)} x {mean:.1f}" if len(seconds) > 1 else f"{mean:.1f}"
