"""What a reader is shown of the config: all of it, as it is declared."""

import subprocess
import sys
from pathlib import Path

from configs import base
from nmt import config as config_lib
from nmt import kinds, reference

ROOT = Path(__file__).parents[1]
KEYS = config_lib.flatten(base.get_config())
OPTIONS = {
  f"{group}.{name}"
  for group in kinds.PACKAGES
  for kind in kinds.names(group)
  for name in kinds.options(group, kind)
}


def test_the_page_in_docs_is_up_to_date():
  page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
  command = "python -m nmt.reference > docs/configuration.md"
  assert page == reference.markdown(), f"run: {command}"
  assert command in page


def test_every_key_and_every_kind_is_shown():
  text, page = reference.text(), reference.markdown()
  for key in OPTIONS | KEYS.keys():
    assert f" {key}=" in text
    assert f"| `{key}` |" in page
  for group in kinds.PACKAGES:
    for kind in kinds.names(group):
      assert f"kind={kind}: " in text
      assert f"| `{kind}` |" in page
  assert all(len(line) <= 100 for line in text.splitlines())


def test_what_cant_be_had_together_is_shown_with_its_reason():
  _, table = reference.markdown().split("## What can't be had together")
  for group in kinds.PACKAGES:
    for kind in kinds.names(group):
      for refusal in kinds.refusals(group, kind):
        (line,) = (x for x in table.splitlines() if f"`{kind}` |" in x and refusal.why in x)
        for other in kinds.names(refusal.group, refusal.trait) if refusal.group else ():
          assert f"`{other}`" in line
  assert "model.cell.zoneout is above 0" in table


def test_a_table_is_a_table():
  for line in reference.markdown().splitlines():
    cells = line.replace(r"\|", "").count("|")
    assert cells == 0 or (cells in (3, 4, 5, 6) and line[0] == line[-1] == "|")


def run(*command, **more):
  return subprocess.Popen(
    [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
  )


def test_both_commands_print_it():
  for command, expected in (
    (("launch.py", "--help-config"), reference.text()),
    (("-m", "nmt.reference"), reference.markdown()),
  ):
    out, error = run(*command).communicate()
    assert (out.decode(), error) == (expected, b"")


def test_a_reader_that_has_seen_enough_is_no_error():
  process = run("launch.py", "--help-config")
  process.stdout.close()
  assert process.stderr.read() == b""
  assert process.wait() == 0
  process.stderr.close()


def test_showing_it_imports_no_jax():
  code = (
    "import sys; from nmt import reference; reference.text(); "
    "print(sorted({'jax', 'flax'} & sys.modules.keys()))"
  )
  assert run("-c", code).communicate()[0] == b"[]\n"
