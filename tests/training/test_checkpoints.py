"""What is saved comes back bit for bit, on any mesh, and what is damaged is not believed."""

import contextlib
import itertools
import os
import shutil
import subprocess
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orbax.checkpoint.experimental import v1

from nmt import digests
from nmt.errors import UserError
from nmt.training import checkpoints, sharding
from nmt.training.checkpoints import Checkpoints
from nmt.training.progress import Progress
from nmt.training.stopping import Stopped


def state(update):
  random = np.random.default_rng(update)

  def tree():
    return {"E_x": random.normal(size=(6, 4)).astype(np.float32), "b": np.zeros(3, np.float32)}

  counts = {"update": np.int32(update), "finite": np.bool_(True)}
  return {"params": tree(), "optimizer": (tree(), np.int32(update)), "average": tree()} | counts


def abstract(config, data=1, model=1):
  config.mesh.update(data=data, model=model)
  tree = jax.eval_shape(lambda: jax.tree.map(jnp.asarray, state(1)))
  stored = sharding.shardings(sharding.build(config.mesh), tree)
  return jax.tree.map(lambda x, s: x.update(sharding=s), tree, stored)


def save(config, folder, updates, keep=2, best=0):
  like = abstract(config)
  with Checkpoints(folder, keep) as saved:
    for update in updates:
      progress = Progress(seed=1, update=update, best_update=best or update)
      placed = jax.tree.map(lambda x, a: jax.device_put(x, a.sharding), state(update), like)
      saved.save(placed, progress)
      jax.tree.map(lambda x: x.delete(), placed)  # as donation does, while the save goes on


def equal(found, update):
  jax.tree.map(np.testing.assert_array_equal, jax.device_get(found), state(update))


def damage(folder, update, how):
  for file in (folder / str(update) / "params").rglob("d/*"):
    content = bytearray(file.read_bytes())
    if how == "truncated":
      del content[len(content) // 2 :]
    elif how == "flipped":
      content[len(content) // 2] ^= 4
    file.write_bytes(content)
    if how == "missing":
      file.unlink()


def test_any_mesh_restores_every_bit(config, tmp_path):
  save(config, tmp_path / "c", [3])
  for shape in ((1, 1), (4, 2)):
    like = abstract(config, *shape)
    with Checkpoints(tmp_path / "c", 2) as saved:
      found, progress = saved.restore(like)
    equal(found, 3)
    assert progress == Progress(seed=1, update=3, best_update=3)
    jax.tree.map(lambda x, a: x.sharding.is_equivalent_to(a.sharding, x.ndim) or 1 / 0, found, like)


@pytest.mark.parametrize("shape", [(1, 1), (4, 2)])
def test_orbax_v1_restores_every_bit(config, tmp_path, shape):
  save(config, tmp_path / "c", [3])
  like = abstract(config, *shape)
  for key in ("params", "optimizer", "average"):
    found = v1.load(tmp_path / "c" / "3", like[key], checkpointable_name=key)
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(found), state(3)[key])
  facts = v1.load_checkpointables(tmp_path / "c" / "3", {"facts": None})["facts"]
  assert Progress.of(facts["progress"]) == Progress(seed=1, update=3, best_update=3)
  with v1.training.Checkpointer((tmp_path / "c").absolute()) as every:
    assert [one.step for one in every.checkpoints] == [3]


def test_the_last_ones_and_the_best_stay(config, tmp_path):
  save(config, tmp_path / "c", [1, 2, 3, 4, 5], keep=2, best=2)
  assert checkpoints.updates(tmp_path / "c") == [2, 4, 5]


@pytest.mark.parametrize("how", ["truncated", "flipped", "missing"])
def test_damage_falls_back_to_the_last_whole_one(config, tmp_path, capsys, how):
  folder = tmp_path / "c"
  save(config, folder, [1, 2, 3], keep=3)
  damage(folder, 3, how)
  like = abstract(config)
  found, update = checkpoints.load(folder, "last", "params", like["params"])
  assert update == 2
  with Checkpoints(folder, 3) as saved:
    found, progress = saved.restore(like)
    equal(found, 2)
    assert progress.update == 2
    saved.save(found, Progress(seed=1, update=3))  # in the place of the damaged one
  with Checkpoints(folder, 3) as saved:
    equal(saved.restore(like)[0] | {"update": np.int32(2)}, 2)
  said = capsys.readouterr().err
  assert "checkpoint 3 can't be read" in said
  assert "going on from checkpoint 2, the last whole one" in said
  assert (tmp_path / "c.damaged").is_dir()


def test_every_file_of_the_newest_one_is_checked(config, tmp_path, capsys):
  folder, like = tmp_path / "c", abstract(config)
  save(config, folder, [1, 2], keep=2)
  newest = folder / "2"
  assert digests.verify(newest) == []
  unchecked = []
  for path in sorted(path for path in newest.rglob("*") if path.is_file()):
    content = path.read_bytes()
    flipped = bytes([content[0] ^ 1]) + content[1:]
    for damaged in (content[: len(content) // 2], flipped, None):
      path.unlink() if damaged is None else path.write_bytes(damaged)
      if not digests.verify(newest):
        unchecked.append((path.name, damaged))
      path.write_bytes(content)
  # What is not checked may not matter: the state comes back, or the one before it.
  names = {"_CHECKPOINT_METADATA", "commit_success.txt", digests.NAME}
  assert {name for name, _ in unchecked} == names
  for name, damaged in unchecked:
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "2" / name
    path.unlink() if damaged is None else path.write_bytes(damaged)
    with Checkpoints(tmp_path / "copy", 2) as saved:
      found, progress = saved.restore(like)
    equal(found, progress.update)
    said = capsys.readouterr().err
    assert progress.update == 2 or "going on from checkpoint 1, the last whole one" in said
    shutil.rmtree(tmp_path / "copy")


def test_a_damaged_file_is_named(config, tmp_path, capsys):
  folder = tmp_path / "c"
  save(config, folder, [1, 2])
  os.truncate(folder / "2" / "optimizer" / "_METADATA", 10)
  with Checkpoints(folder, 2) as saved:
    assert saved.restore(abstract(config))[1].update == 1
  said = capsys.readouterr().err
  assert "checkpoint 2 can't be read (optimizer/_METADATA has 10 bytes in the place of" in said


def test_a_checkpoint_of_before_there_were_digests_is_read(config, tmp_path, capsys):
  save(config, tmp_path / "c", [1, 2])
  (tmp_path / "c" / "2" / digests.NAME).unlink()
  with Checkpoints(tmp_path / "c", 2) as saved:
    equal(saved.restore(abstract(config))[0], 2)
  assert capsys.readouterr().err == ""


def test_files_that_are_not_visible_yet_are_waited_for(config, tmp_path, monkeypatch, capsys):
  folder = tmp_path / "c"
  save(config, folder, [1, 2])
  shutil.copytree(folder / "2", tmp_path / "2")
  shutil.rmtree(folder / "2")
  (folder / "2").mkdir()  # listed, and nothing in it
  monkeypatch.setattr(checkpoints, "PATIENCE", 60.0)
  timer = threading.Timer(
    0.3, lambda: shutil.copytree(tmp_path / "2", folder / "2", dirs_exist_ok=True)
  )
  with Checkpoints(folder, 2) as saved:
    timer.start()
    equal(saved.restore(abstract(config))[0], 2)
  timer.join()
  assert capsys.readouterr().err == ""


def test_a_disk_that_is_full_in_a_save_leaves_the_last_one_whole(config, small_disk):
  folder, like = small_disk / "c", abstract(config)
  subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
  save(config, folder, [1, 2])
  with open(small_disk / "ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
    while True:
      file.write(bytes(4096))
  with pytest.raises(Exception, match="No space left on device"):
    save(config, folder, [3])
  assert [digests.verify(folder / str(update)) for update in checkpoints.updates(folder)] == [
    [],
    [],
  ]
  assert checkpoints.updates(folder) == [1, 2]
  (small_disk / "ballast").unlink()
  with Checkpoints(folder, 2) as saved:
    equal(saved.restore(like)[0], 2)
  save(config, folder, [3])
  assert checkpoints.updates(folder) == [2, 3]
  assert {path.name for path in folder.iterdir()} == {"2", "3"}


@pytest.mark.parametrize("jump", [1e6, -1e6])
def test_a_clock_that_jumps_ends_no_save(config, tmp_path, monkeypatch, jump):
  calls = itertools.count()
  now = time.time()
  monkeypatch.setattr("time.time", lambda: now + jump * next(calls))
  save(config, tmp_path / "c", [1, 2])
  with Checkpoints(tmp_path / "c", 2) as saved:
    equal(saved.restore(abstract(config))[0], 2)


def test_a_stop_while_reading_is_no_damage(config, tmp_path, monkeypatch):
  save(config, tmp_path, [1, 2])

  def read(*_):
    raise Stopped

  monkeypatch.setattr(checkpoints, "read", read)
  with pytest.raises(Stopped), Checkpoints(tmp_path, 2) as saved:
    saved.restore(abstract(config))
  with pytest.raises(Stopped):
    checkpoints.load(tmp_path, "best", "params", abstract(config)["params"])
  assert checkpoints.updates(tmp_path) == [1, 2]


def test_none_whole(config, tmp_path):
  save(config, tmp_path / "c", [1])
  damage(tmp_path / "c", 1, "truncated")
  with (
    Checkpoints(tmp_path / "c", 2) as saved,
    pytest.raises(UserError, match=r"no checkpoint in .* is whole"),
  ):
    saved.restore(abstract(config))


def test_a_new_progress_never_leaves_a_moment_without_a_checkpoint(config, tmp_path, monkeypatch):
  folder, like = tmp_path / "c", abstract(config)
  placed = jax.tree.map(lambda x, a: jax.device_put(x, a.sharding), state(3), like)
  with Checkpoints(folder, 2) as saved:
    saved.save(placed, Progress(seed=1, update=3))

    def killed(*_):
      assert updates_readable(config, folder) == [3]
      raise KeyboardInterrupt

    after = Progress(seed=1, update=3, validated=3, best_update=3)
    with monkeypatch.context() as patch:
      patch.setattr(os, "replace", killed)
      with pytest.raises(KeyboardInterrupt):
        saved.save(placed, after)
  with Checkpoints(folder, 2) as saved:
    found, progress = saved.restore(like)
  equal(found, 3)
  assert progress.validated == 0
  with Checkpoints(folder, 2) as saved:
    saved.restore(like)
    saved.save(placed, after)
  with Checkpoints(folder, 2) as saved:
    found, progress = saved.restore(like)
  equal(found, 3)
  assert progress.validated == 3


def updates_readable(config, folder):
  like = abstract(config)["params"]
  return [n for n in checkpoints.updates(folder) if checkpoints.load(folder, n, "params", like)]


@pytest.mark.parametrize(
  ("old", "new"),
  [(b'"batches": 400', b'"batches": 401'), (b'"progress"', b'"progresr"'), (b'"seal"', b'"seam"')],
)
def test_a_flipped_bit_in_the_progress_is_damage(config, tmp_path, old, new, capsys):
  folder, like = tmp_path / "c", abstract(config)
  with Checkpoints(folder, 3) as saved:
    for update in (2, 3):
      placed = jax.tree.map(lambda x, a: jax.device_put(x, a.sharding), state(update), like)
      saved.save(placed, Progress(seed=1, update=update, batches=400))
  facts = folder / "3" / checkpoints.FACTS
  content = facts.read_bytes()
  assert content.count(old) == 1
  facts.write_bytes(content.replace(old, new))
  with Checkpoints(folder, 3) as saved:
    assert saved.restore(like)[1].update == 2
  assert "checkpoint 3 can't be read" in capsys.readouterr().err


def test_a_checkpoint_under_another_ones_name_is_not_believed(config, tmp_path):
  folder = tmp_path / "c"
  save(config, folder, [1, 2])
  os.replace(folder / "2", folder / "9")
  with Checkpoints(folder, 3) as saved:
    assert saved.restore(abstract(config))[1].update == 1


def test_a_folder_whose_name_a_library_can_not_write_is_refused(tmp_path):
  checkpoints.probe(tmp_path / "100% é [a" / "checkpoints")
  for name in ("run[lr=0.1]", "a\\b"):
    with pytest.raises(UserError, match=r"can't be read back: use a workdir with only"):
      checkpoints.probe(tmp_path / name / "checkpoints")
    assert list((tmp_path / name).iterdir()) == []


def test_the_first_save_is_read_back(config, tmp_path):
  with pytest.raises(UserError, match="can't be read back"):
    save(config, tmp_path / "run[1]", [1])


def test_a_save_cut_short_is_no_checkpoint(config, tmp_path):
  folder = tmp_path / "c"
  save(config, folder, [1])
  shutil.copytree(folder / "1", folder / "2.orbax-checkpoint-tmp")
  (folder / "2.orbax-checkpoint-tmp" / "commit_success.txt").unlink(missing_ok=True)
  assert checkpoints.updates(folder) == [1]
  with Checkpoints(folder, 2) as saved:
    equal(saved.restore(abstract(config))[0], 1)


def test_best_and_named_ones_load(config, tmp_path):
  folder = tmp_path / "c"
  save(config, folder, [1, 2, 3], keep=2, best=1)
  like = abstract(config)["average"]
  for which, update in (("best", 1), ("last", 3), (2, 2)):
    found = checkpoints.load(folder, which, "average", like)
    assert found[1] == update
    np.testing.assert_array_equal(found[0]["E_x"], state(update)["average"]["E_x"])
  for which in (7, "newest"):
    with pytest.raises(UserError, match=f"no checkpoint {which}, only best, last, 1, 2, 3"):
      checkpoints.load(folder, which, "average", like)
