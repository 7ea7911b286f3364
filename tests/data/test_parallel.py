import pytest

from nmt.data import parallel
from nmt.errors import UserError


def total(chunk):
  return chunk[0], len(chunk)


def refuse(chunk):
  raise UserError(f"no {chunk[0]}")


def test_processes_give_what_one_gives_in_order_and_errors_as_they_are(monkeypatch):
  monkeypatch.setattr(parallel, "CHUNK", 10)
  indices = range(5, 95)
  expected = [(start, 10) for start in range(5, 95, 10)]
  for processes in (1, 2):
    monkeypatch.setattr(parallel, "workers", lambda pairs, count=processes: count)
    with parallel.Pool() as pool:
      assert list(pool.chunked(total, indices, "test")) == expected
      with pytest.raises(UserError, match="no 5"):
        list(pool.chunked(refuse, indices, "test"))


def test_small_work_starts_no_process():
  assert parallel.workers(parallel.PAYS) == 1
  assert parallel.workers(10**9) >= 1
