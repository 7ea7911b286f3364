"""The weights of a trained run in one safetensors file, under the names of docs/weights.md.

  python -m nmt.export --workdir W --out weights.safetensors

The file's metadata hold the run's config (JSON) and the update that the weights are from.
"""

from collections.abc import Sequence
from pathlib import Path

from nmt.arguments import Parser
from nmt.cli import entry
from nmt.files import check_output, replacing


def main(argv: Sequence[str]) -> int:
  arguments = _parser().parse_args(argv)
  out: Path = arguments.out
  check_output("--out", out)

  import numpy as np
  from safetensors.numpy import save

  from nmt import models
  from nmt.loading import load

  run = load(arguments.workdir, arguments.which)
  arrays = {name: np.ascontiguousarray(array) for name, array in models.flat(run.params).items()}
  metadata = {"config": run.config.to_json(), "update": str(run.update)}
  with replacing(out, "wb") as file:
    file.write(save(arrays, metadata))
  print(f"{out}: {len(arrays)} arrays, {sum(array.size for array in arrays.values()):,} numbers")
  return 0


def _parser() -> Parser:
  parser = Parser("export", __doc__)
  add = parser.add_argument
  parser.add_run()
  add("--out", type=Path, required=True, help="the file to write, replaced if it exists")
  return parser


if __name__ == "__main__":
  entry(main)
