import pytest

from nmt.data import parallel
from nmt.errors import UserError


def total(chunk):
  return chunk[0], len(chunk)


def refuse(chunk):
  raise UserError(f"no {chunk[0]}")


def test_processes_give_what_one_gives_in_order(monkeypatch):
  monkeypatch.setattr(parallel, "CHUNK", 10)
  indices = range(5, 95)
  alone = list(parallel.chunked(total, indices, "test", processes=1))
  assert alone == [(start, 10) for start in range(5, 95, 10)]
  assert list(parallel.chunked(total, indices, "test", processes=2)) == alone


def test_a_users_error_comes_out_of_a_process_as_it_is():
  with pytest.raises(UserError, match="no 3"):
    list(parallel.chunked(refuse, range(3, 9), "test", processes=2))


def test_small_work_starts_no_process():
  assert parallel.workers(parallel.PAYS) == 1
  assert parallel.workers(10**9) >= 1
