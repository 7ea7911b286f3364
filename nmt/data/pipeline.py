"""From a config to tokenizers and token stores, each made once and kept in the cache."""

import dataclasses
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from nmt.data import cache, filters, parallel, store, tokenizers, words
from nmt.data.corpora import Corpus, open_corpus
from nmt.data.parallel import Pool
from nmt.data.store import LinkedStore, TokenStore
from nmt.data.tokenizers import Tokenizer
from nmt.errors import UserError

FORMAT = 3  # of the cached folders: raise it when their content changes for the same config
VALID_TOKENS = 2000  # of a side: a longer pair of the validation split is left out
LEARN_FROM = 2_000_000  # lines: subwords of a larger corpus are learnt from every k-th line


@dataclass(frozen=True)
class Prepared:
  """What training needs of its data. report: counts, sizes and hashes, JSON-able."""

  source: Tokenizer
  target: Tokenizer
  train: TokenStore
  valid: TokenStore
  report: dict[str, Any]

  def save_tokenizers(self, folder: Path) -> None:
    """Writes them as one file each, or as one if both sides share it."""
    _save_tokenizers(folder, self.source, self.target)


def prepare(data: ConfigDict, tokenizers: Path | None = None, linked: bool = False) -> Prepared:
  """Opens, filters, learns tokenizers and tokenises; what was done before is only opened.

  `tokenizers`: a folder with those to use instead, as a run that goes on keeps its own. `linked`:
  the training split's store also has the links between tokens. UserError: whatever is wrong with
  the corpus or its settings, in one line.
  """
  with Pool() as pool:
    return _prepare(data, tokenizers, linked, pool)


def _prepare(data: ConfigDict, given: Path | None, linked: bool, pool: Pool) -> Prepared:
  train, valid = (open_corpus(data, split, pool) for split in (data.train, data.valid))
  if linked and not train.links:
    raise UserError(
      f"the training corpus has no word links, which the objective needs: put {data.train}.links "
      "(lines of i-j, from 0, over what spaces separate) beside its text, or set "
      "data.corpus=grammar"
    )
  home, tokenizer = cache.root(data.cache), data.tokenizer
  learnt_key = cache.key(
    format=FORMAT,
    corpus=train.fingerprint,
    languages=(data.source, data.target),
    filter=dataclasses.asdict(filters.Rules.of(data.filter)),
    tokenizer=(tokenizer.kind, tokenizer.size, tokenizer.joint),
  )
  learn = functools.partial(_learn_from, data, train, pool)
  learnt = cache.once(home / "tokenizers" / learnt_key, learn)
  source, target = load_tokenizers(given or learnt, data.normalize)
  hashes = [hashlib.sha256(side.dump()).hexdigest() for side in (source, target)]
  how = data.filter.max_tokens, tokenizer.dropout, tokenizer.samples
  key = cache.key(train=learnt_key, tokenizers=hashes, how=how)

  train_key = cache.key(tokens=key, links=train.links) if linked else key

  def tokenise(where: Path) -> None:
    rows = np.load(learnt / "rows.npy")
    store.write(where, train, rows, source, target, pool, *how, linked=linked)

  def tokenise_valid(where: Path) -> None:
    store.write(where, valid, range(len(valid)), source, target, pool, VALID_TOKENS)

  kind = LinkedStore if linked else TokenStore
  stores = (
    kind(cache.once(home / "tokens" / train_key, tokenise)),
    TokenStore(
      cache.once(home / "tokens" / cache.key(train=key, corpus=valid.fingerprint), tokenise_valid)
    ),
  )
  report = json.loads((learnt / "report.json").read_text())
  report |= {
    "tokenizer": tokenizer.to_dict() | {"source": source.size, "target": target.size},
    "corpus": data.corpus,
    "normalize": data.normalize,
    "train": _summary(data.train, train, stores[0]),
    "valid": _summary(data.valid, valid, stores[1]),
    "key": train_key,
  }
  if isinstance(stores[0], LinkedStore):
    report["train"]["without_links"] = stores[0].unlinked
  return Prepared(source, target, *stores, report)


def changes(before: dict[str, Any], after: dict[str, Any]) -> str:
  """What differs between the data of two reports, for people; empty if nothing does.

  Reports from before there were digests are compared by the hash of the corpus.
  """
  found = []
  for split in ("train", "valid"):
    old, new = before[split], after[split]
    by = "digest" if "digest" in old else "fingerprint"
    if old[by] != new[by]:
      counts = "pairs", "source_tokens", "target_tokens"
      shown = [f"{old[x]} -> {new[x]} {x.replace('_', ' ')}" for x in counts if old[x] != new[x]]
      found.append(f"{split} ({old['split']}): {', '.join(shown) or 'as many pairs, another text'}")
  return "; ".join(found)


def load_tokenizers(folder: Path, form: str) -> tuple[Tokenizer, Tokenizer]:
  """Reads what `Prepared.save_tokenizers` wrote: (source, target), for text in `form`."""
  if (joint := folder / "joint.tokenizer").exists():
    both = tokenizers.load(joint, form)
    return both, both
  return (
    tokenizers.load(folder / "source.tokenizer", form),
    tokenizers.load(folder / "target.tokenizer", form),
  )


def _save_tokenizers(folder: Path, source: Tokenizer, target: Tokenizer) -> None:
  folder.mkdir(parents=True, exist_ok=True)
  if source is target:
    tokenizers.save(source, folder / "joint.tokenizer")
    return
  tokenizers.save(source, folder / "source.tokenizer")
  tokenizers.save(target, folder / "target.tokenizer")


def _learn_from(data: ConfigDict, corpus: Corpus, pool: Pool, folder: Path) -> None:
  rows, counts = filters.survey(corpus, filters.Rules.of(data.filter), pool)
  _save_tokenizers(folder, *_learn(data, corpus, rows, pool))
  np.save(folder / "rows.npy", rows)
  (folder / "report.json").write_text(json.dumps({"filter": {"pairs": len(corpus), **counts}}))


def _learn(
  data: ConfigDict, corpus: Corpus, rows: np.ndarray, pool: Pool
) -> tuple[Tokenizer, Tokenizer]:
  kind, size = data.tokenizer.kind, data.tokenizer.size
  languages = data.source, data.target
  if kind == "words":
    work = functools.partial(_count, corpus, languages)
    totals: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for counts in pool.chunked(work, rows, "counting words"):
      for total, part in zip(totals, counts, strict=True):
        total.update(part)
    source, target = (
      words.shortlist(size, total, language)
      for total, language in zip(totals, languages, strict=True)
    )
    return source, target
  rows = rows[:: -(-len(rows) // LEARN_FROM)]
  if data.tokenizer.joint:
    both = tokenizers.train(kind, size, _lines(corpus, rows, ("source", "target")), "")
    return both, both
  return (
    tokenizers.train(kind, size, _lines(corpus, rows, ("source",)), data.source),
    tokenizers.train(kind, size, _lines(corpus, rows, ("target",)), data.target),
  )


def _count(
  corpus: Corpus, languages: tuple[str, str], chunk: parallel.Indices
) -> list[Counter[str]]:
  pairs = corpus.read(chunk)
  return [
    words.count((pair.source for pair in pairs), languages[0]),
    words.count((pair.target for pair in pairs), languages[1]),
  ]


def _lines(corpus: Corpus, rows: np.ndarray, sides: tuple[str, ...]) -> Iterator[str]:
  for start in range(0, len(rows), parallel.CHUNK):
    for pair in corpus.read(rows[start : start + parallel.CHUNK]):
      for side in sides:
        yield getattr(pair, side)


def _summary(split: str, corpus: Corpus, tokens: TokenStore) -> dict[str, Any]:
  return {
    "split": split,
    "fingerprint": corpus.fingerprint,
    "pairs": len(tokens),
    "source_tokens": int(tokens.source_lengths.sum()),
    "target_tokens": int(tokens.target_lengths.sum()),
    "too_many_tokens": tokens.left_out,
    "digest": tokens.digest,
  }
