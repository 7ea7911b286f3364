"""The code that workers elsewhere run from is what the checkout holds, copied once."""

import subprocess

import pytest

from nmt.errors import UserError
from nmt.launching import snapshot


def git(root, *words):
  who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
  subprocess.run(["git", "-C", root, *who, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
  root = tmp_path / "checkout"
  (root / "nmt").mkdir(parents=True)
  (root / "nmt" / "a.py").write_text("1\n")
  (root / "nmt" / "gone.py").write_text("1\n")
  (root / ".gitignore").write_text("*.pyc\nbig\n")
  (root / "link.py").symlink_to("nmt/a.py")
  git(root, "init", "-q")
  git(root, "add", "-A")
  git(root, "commit", "-qm", "first")
  return root


def copied(place):
  return {p.relative_to(place).as_posix(): p.read_text() for p in place.rglob("*") if p.is_file()}


def test_it_has_what_changed_and_what_is_new_and_nothing_that_is_ignored(checkout, tmp_path):
  (checkout / "nmt" / "a.py").write_text("2\n")
  (checkout / "nmt" / "gone.py").unlink()
  (checkout / "nmt" / "neu 新.py").write_text("3\n")
  (checkout / "nmt" / "a.pyc").write_text("4\n")
  place = snapshot.take(tmp_path / "w", checkout)
  assert place.parent == tmp_path / "w" / "code"
  assert place.name == snapshot.name(tmp_path / "w", checkout)
  assert copied(place) == {
    "nmt/a.py": "2\n", "nmt/neu 新.py": "3\n", "link.py": "2\n", ".gitignore": "*.pyc\nbig\n"
  }  # fmt: skip
  assert (place / "link.py").is_symlink()


def test_the_same_code_is_the_same_copy_and_other_code_another(checkout, tmp_path):
  first = snapshot.take(tmp_path / "w", checkout)
  before = (first / "nmt" / "a.py").stat().st_ino
  git(checkout, "commit", "--allow-empty", "-qm", "nothing")
  assert snapshot.take(tmp_path / "w", checkout) == first
  assert (first / "nmt" / "a.py").stat().st_ino == before
  (checkout / "nmt" / "a.py").write_text("2\n")
  second = snapshot.take(tmp_path / "w", checkout)
  assert second != first
  assert copied(first)["nmt/a.py"] == "1\n"
  (checkout / "nmt" / "a.py").chmod(0o755)
  assert snapshot.take(tmp_path / "w", checkout) not in (first, second)
  assert len([*(tmp_path / "w" / "code").iterdir()]) == 3


def test_runs_in_the_checkout_are_no_code(checkout):
  (checkout / "runs" / "w").mkdir(parents=True)
  (checkout / "runs" / "w" / "config.json").write_text("{}")
  first = snapshot.take(checkout / "runs" / "w", checkout)
  assert "runs/w/config.json" not in copied(first)
  assert snapshot.take(checkout / "runs" / "w", checkout) == first


def test_without_git_it_is_the_package(checkout, tmp_path):
  (checkout / ".git").rename(tmp_path / "git")
  (checkout / "nmt" / "a.pyc").write_text("4\n")
  (checkout / "configs").mkdir()
  (checkout / "configs" / "base.py").write_text("5\n")
  assert copied(snapshot.take(tmp_path / "w", checkout)) == {
    "configs/base.py": "5\n", "nmt/a.py": "1\n", "nmt/gone.py": "1\n"
  }  # fmt: skip


def test_data_that_nobody_ignored_are_not_copied(checkout, tmp_path, monkeypatch):
  monkeypatch.setattr(snapshot, "LARGEST", 100)
  (checkout / "data.txt").write_text("x" * 200)
  with pytest.raises(UserError, match=r"the largest file is data.txt; name what is no code"):
    snapshot.take(tmp_path / "w", checkout)
  assert not (tmp_path / "w").exists()
