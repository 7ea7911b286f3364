"""What devices exchange is read from a program's text, and added up as rings send it."""

import pytest

from experiments.benchmarks.scaling import LAYOUTS, Collective, collectives, measured
from experiments.benchmarks.speed.sizes import Size

PROGRAM = """
  %all-reduce.1 = (f32[10,2]{1,0}, s32[]) all-reduce(%a), replica_groups={{0,1,2,3}}, to_apply=%s
  ROOT %all-gather.2 = bf16[8,4]{1,0} all-gather(%c), replica_groups=[2,4]<=[8], dimensions={0}
  %reduce-scatter.3 = f32[4]{0} reduce-scatter(%d), replica_groups={{0,1},{2,3}}, dimensions={0}
  %collective-permute.4 = pred[6]{0} collective-permute(%e), source_target_pairs={{0,1},{1,0}}
  %all-reduce-start.5 = f32[3]{0} all-reduce-start(%f), replica_groups={}, to_apply=%s
  %fusion.6 = f32[9]{0} fusion(%all-reduce.1), kind=kLoop
"""


def test_bytes_are_those_of_the_operands_and_of_rings():
  assert list(collectives(PROGRAM, 8)) == [
    Collective("all-reduce", 84, 84 * 2 * 3 / 4),
    Collective("all-gather", 64 / 4, 64 / 4 * 3),
    Collective("reduce-scatter", 32, 32 / 2),
    Collective("collective-permute", 6, 6),
    Collective("all-reduce", 12, 12 * 2 * 7 / 8),
  ]


@pytest.mark.parametrize(
  "layout", ["batch", *(pytest.param(x, marks=pytest.mark.slow) for x in LAYOUTS if x != "batch")]
)
def test_gradients_are_added_up_once(layout):
  size = Size("tiny", 8, 8, 8, 32, 4, "adam", 1, 1, 1)
  found = measured(size, layout, 2)
  total = found["parameter bytes"]
  assert total <= found["operand bytes"]["all-reduce"] < total + 100
  gathered = found["operand bytes"].get("all-gather", 0)
  assert (gathered > total / 4) == (layout != "batch")
  assert gathered <= total / 2
