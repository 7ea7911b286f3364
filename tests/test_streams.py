"""Pipes, links, closed streams and full disks, tried with the real command lines."""

import errno
import gzip
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from nmt import cli
from nmt.data import text_files
from nmt.errors import UserError
from nmt.files import check_output, read_json, replacing, write_json
from nmt.training.stopping import Stopped, Stopping
from nmt.workdir import Workdir

TRANSLATE = ("-m", "nmt.translate", "--workdir", "run")
TRAIN = ("-m", "nmt.train", "--workdir", "run")


def test_a_link_stays_and_what_it_leads_to_is_replaced_with_its_permissions(tmp_path):
  (tmp_path / "real.json").write_text("old")
  (tmp_path / "real.json").chmod(0o640)
  (tmp_path / "folder").mkdir()
  (tmp_path / "folder" / "link.json").symlink_to("../real.json")
  write_json(tmp_path / "folder" / "link.json", [1])
  assert (tmp_path / "folder" / "link.json").is_symlink()
  assert (tmp_path / "real.json").read_text() == "[\n  1\n]\n"
  assert stat.S_IMODE((tmp_path / "real.json").stat().st_mode) == 0o640
  assert len(list(tmp_path.iterdir())) == 2
  (tmp_path / "dangling").symlink_to("new.json")
  write_json(tmp_path / "dangling", [])
  assert (tmp_path / "new.json").is_file()


def test_a_pipe_is_written_to_and_stays(tmp_path):
  os.mkfifo(tmp_path / "pipe")
  found = []
  reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_text()))
  reader.start()
  write_json(tmp_path / "pipe", {"a": 1})
  reader.join()
  assert found == ['{\n  "a": 1\n}\n']
  assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
  with replacing("/dev/null") as file:
    file.write("x")
  assert not os.path.isfile("/dev/null")


def test_an_open_file_given_as_an_output_keeps_what_is_in_it(tmp_path):
  with open(tmp_path / "log", "w+") as log:
    log.write("before\n")
    log.flush()
    write_json(f"/dev/fd/{log.fileno()}", 1)
    log.seek(0, os.SEEK_END)
    log.write("after\n")
  assert (tmp_path / "log").read_text() == "before\n1\nafter\n"
  assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_name_that_is_not_utf8_comes_back_from_json(tmp_path):
  name = os.fsdecode(b"caf\xe9")
  write_json(tmp_path / "x.json", {name: "é"})
  assert read_json(tmp_path / "x.json") == {name: "é"}


def test_an_output_that_can_not_be_is_refused_before_any_work(tmp_path):
  check_output("--json", None)
  check_output("--json", tmp_path / "new")
  with pytest.raises(UserError, match=r"--json=.* is a folder; name a file in it"):
    check_output("--json", tmp_path)
  with pytest.raises(UserError, match=r"there is no folder .*none; make it first"):
    check_output("--json", tmp_path / "none" / "x")


def test_pairs_from_a_pipe_can_be_read_after_they_were_checked(tmp_path):
  (tmp_path / "plain").write_text("a\nb\n")
  os.mkfifo(tmp_path / "pipe")
  packed = gzip.compress(b"x\ny\n")
  writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(packed))
  writer.start()
  with text_files.checked((tmp_path / "plain", tmp_path / "pipe")) as (count, pairs):
    assert (count, list(pairs)) == (2, [("a", "x"), ("b", "y")])
  writer.join()
  with pytest.raises(UserError, match="only one of two files can be stdin"):
    text_files.check((text_files.STDIN, text_files.STDIN))


def test_a_program_that_waits_for_each_answer_gets_it(command):
  process = command(*TRANSLATE, "--line-by-line", stdin=subprocess.PIPE)
  for line in ("We eat.\n", "\n", "They ate.\n"):
    process.stdin.write(line)
    process.stdin.flush()
    assert process.stdout.readline().endswith("\n")
  rest, error = process.communicate()
  assert (process.returncode, rest) == (0, ""), error


@pytest.mark.slow
def test_outputs_go_where_a_shell_sends_them(first, command):
  (first / "link").symlink_to("there")
  shell = (
    f"{sys.executable} {' '.join(TRANSLATE)} <(cat text/test.en) --alignments >(gzip -c > a.gz) "
    f"--nbest 1 > out; wait $!; {sys.executable} {' '.join(TRANSLATE)} - --alignments link "
    "< text/test.en | cmp - out"
  )
  process = command("-c", f"import os; os.execvp('bash', ['bash', '-ec', {shell!r}])")
  _, error = process.communicate()
  assert process.returncode == 0, error
  lines = gzip.decompress((first / "a.gz").read_bytes())
  assert (first / "there").read_bytes() == lines
  assert lines.count(b"\n") == 4
  assert (first / "link").is_symlink()


@pytest.mark.slow
def test_a_damaged_file_is_named_with_what_was_translated(first, command):
  packed = gzip.compress((first / "text" / "test.en").read_bytes())
  (first / "tail.gz").write_bytes(packed + b"rubbish")
  process = command(*TRANSLATE, "tail.gz")
  out, error = process.communicate()
  assert process.returncode == 2
  assert out.count("\n") == 4
  assert "cannot read on from tail.gz, line 5" in error
  assert "; 4 other lines were translated" in error


@pytest.mark.parametrize("redirection", ["<&-", ">&-"])
def test_a_closed_stream_is_one_line(command, redirection):
  shell = f"exec {sys.executable} {' '.join(TRANSLATE)} {redirection}"
  process = command("-c", f"import os; os.execvp('bash', ['bash', '-c', {shell!r}])")
  _, error = process.communicate()
  assert process.returncode == 2
  assert "is closed; " in error
  assert error.count("\n") == 1


@pytest.mark.slow
def test_a_full_disk_under_the_translation_is_said_of_stdout(command):
  with open("/dev/full", "w") as full:
    process = command(*TRANSLATE, "text/test.en", "--alignments", "a", stdout=full)
  _, error = process.communicate()
  assert process.returncode == 2
  assert error.startswith("error: stdout: No space left on device; ")
  assert error.count("\n") == 1


@pytest.mark.slow
def test_a_reader_of_translations_that_leaves_ends_the_command_quietly(command):
  read, write = os.pipe()
  os.close(read)
  process = command(*TRANSLATE, "text/test.en", stdout=write)
  os.close(write)
  _, error = process.communicate()
  assert (process.returncode, error) == (141, "")


@pytest.mark.slow
def test_training_goes_on_when_its_readers_leave(first, command):
  read, write = os.pipe()
  process = command(*TRAIN, stdout=write, stderr=write)
  os.close(write)
  os.close(read)
  assert process.wait() == 0
  assert Workdir(first / "run").read_status()["state"] == "done"


@pytest.mark.slow
def test_training_needs_no_stream_no_home_and_no_utf8(first, command):
  shell = f"unset HOME; exec {sys.executable} {' '.join(TRAIN)} <&- >&- 2>&-"
  environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
  process = command(
    "-c", f"import os; os.execvp('bash', ['bash', '-c', {shell!r}])", env=environment
  )
  process.communicate()
  assert process.returncode == 0
  assert (first / "run" / "test" / "test.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("nohup", ["", "nohup"])
def test_a_hangup_stops_a_run_unless_it_was_told_to_ignore_it(first, command, nohup):
  if not nohup:  # it must not end before it is stopped
    config = read_json(first / "run" / "config.json")
    config["train"]["updates"] = 10**6
    write_json(first / "run" / "config.json", config)
  shell = f"exec {nohup} {sys.executable} {' '.join(TRAIN)}"
  process = command("-c", f"import os; os.execvp('bash', ['bash', '-c', {shell!r}])")
  for line in process.stderr:
    if "update 6" in line:
      for _ in range(2):  # the shell's and the kernel's
        process.send_signal(signal.SIGHUP)
        time.sleep(0.01)
      break
  process.communicate()
  assert process.returncode == (0 if nohup else 75)


def test_a_second_hangup_at_the_very_end_does_no_harm():
  before = signal.getsignal(signal.SIGHUP)
  try:
    with pytest.raises(Stopped), Stopping():
      signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)
  finally:
    signal.signal(signal.SIGHUP, before)


def test_characters_that_a_stream_lacks_are_escaped(command):
  code = "from nmt import cli; cli.entry(lambda _: print('· 雪', flush=True))"
  process = command("-c", code, env={"PYTHONIOENCODING": "ascii"})
  out, error = process.communicate()
  assert (process.returncode, out) == (0, "\\xb7 \\u96ea\n"), error


def test_a_status_is_written_on_a_full_disk(tmp_path, monkeypatch):
  home = Workdir(tmp_path)
  home.status("running", update=3, note="x" * 200)

  def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")

  with monkeypatch.context() as patch:
    patch.setattr(os, "replace", full)
    home.status("failed", reason="No space left on device")
  assert home.read_status()["state"] == "failed"
  home.status_file.write_text('{"state": "runn')
  assert home.read_status() == {}


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_the_run_goes_on_later(first, command, small_disk):
  shutil.copytree(first / "run", small_disk / "run")
  train = (*TRAIN[:-1], str(small_disk / "run"))
  process = command(*train)
  _, error = process.communicate()
  assert process.returncode == 2, error
  assert error.splitlines()[-1].startswith("error: ")
  assert "free some space" in error.splitlines()[-1]
  assert "Traceback" not in error
  status = Workdir(small_disk / "run").read_status()
  assert (status["state"], status["update"]) == ("failed", 12)
  assert "No space left" in status["reason"]

  subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
  process = command(*train)
  _, error = process.communicate()
  assert process.returncode == 0, error


def test_where_there_is_no_home_the_place_for_caches_is_asked_for(monkeypatch):
  from nmt.data import cache

  def nobody(_):
    raise RuntimeError("Could not determine home directory.")

  monkeypatch.delenv("NMT_CACHE", raising=False)
  monkeypatch.setattr("pathlib.Path.expanduser", nobody)
  with pytest.raises(UserError, match=r"set \$NMT_CACHE or data.cache to a folder"):
    cache.root("")


def test_a_command_line_ends_in_one_way():
  with pytest.raises(SystemExit) as ended:
    cli.entry(lambda _: 75)
  assert ended.value.code == 75
