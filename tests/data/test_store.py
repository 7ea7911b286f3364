import numpy as np

from nmt.data import parallel, store, tokenizers
from nmt.data.corpora import open_corpus
from nmt.data.ids import EOS
from nmt.data.store import TokenStore


def test_a_store_gives_back_the_ids_of_its_rows(data, tmp_path, monkeypatch):
  monkeypatch.setattr(parallel, "CHUNK", 7)
  corpus = open_corpus(data, "valid")
  source = tokenizers.train("bytes", 0, [], "en")
  target = tokenizers.train(
    "characters", 40, [pair.target for pair in corpus.read(range(20))], "fr"
  )
  rows = np.array([0, 3, 4, 19, *range(5, 15)])
  store.write(tmp_path, corpus, rows, source, target, parallel.Pool())
  tokens = TokenStore(tmp_path)
  assert len(tokens) == len(rows)
  assert tokens.rows.tolist() == rows.tolist()
  for index, row in enumerate(rows):
    pair = corpus[row]
    assert tokens.source(index).tolist() == [*source.encode(pair.source), EOS]
    assert tokens.target(index).tolist() == [*target.encode(pair.target), EOS]
    assert tokens.source(index).dtype == np.int32
    assert tokens.source_lengths[index] == len(tokens.source(index))
    assert tokens.target_lengths[index] == len(tokens.target(index))


def test_two_processes_write_the_same_files(data, tmp_path, monkeypatch):
  monkeypatch.setattr(parallel, "CHUNK", 50)
  corpus = open_corpus(data, "train")
  letters = tokenizers.train("bytes", 0, [], "")
  contents = []
  for processes in (1, 2):
    folder = tmp_path / str(processes)
    folder.mkdir()
    monkeypatch.setattr(parallel, "workers", lambda pairs, count=processes: count)
    with parallel.Pool() as pool:
      store.write(folder, corpus, range(300), letters, letters, pool)
    contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
  assert contents[0] == contents[1]
