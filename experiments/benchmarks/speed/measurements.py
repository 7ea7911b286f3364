"""A section of the results as lines for a file: one a system, without its rounds."""

from typing import Any

from experiments.benchmarks.lines import Line


def lines(section: dict[str, Any]) -> list[Line]:
  """What was measured of each system in a section, with the median and interval of all rounds."""
  if "systems" not in section:
    return [{key: value for key, value in section.items() if key != "found"} | section["found"]]
  about = {key: section[key] for key in ("what", "size", "workload", "counted")}
  found = []
  for name, system in section["systems"].items():
    prepared = dict(system["prepared"])
    compiled = prepared.pop("compile_seconds", {})
    line = about | {"system": name, "rounds": len(system["rounds"])}
    line |= {key: value for key, value in system.items() if key not in ("prepared", "rounds")}
    line |= prepared
    if compiled:
      line |= {"compilations": len(compiled), "compile_seconds": sum(compiled.values())}
    if name in section["ratios"]:
      line["nmt_is_faster_by"] = section["ratios"][name]
    if name == "joeynmt":
      line["flops_beside_nmt"] = section["joeynmt_flops"]
    found.append(line)
  return found
