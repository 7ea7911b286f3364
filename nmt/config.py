"""A resolved config: stored as JSON, and checked before anything runs."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ml_collections import ConfigDict

from nmt import files, fitting, older
from nmt.declarations import declared, put, unknown, unused
from nmt.errors import UserError

# Where a run finds its data and its devices: no part of what it computes.
PLACES = ("data.dir", "data.url", "data.cache", "mesh.data", "mesh.model")

# sacreBLEU's, which is not imported for their names.
BLEU_TOKENIZERS = (
  *("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none"),
  *("flores101", "flores200", "spBLEU-1K"),
)


def load(path: str | os.PathLike[str]) -> ConfigDict:
  """Reads what `save` wrote, now or before some of today's keys existed.

  JSON's lists become tuples again, older keys become today's, options of kinds that were not chosen
  are left out, and keys that the file lacks get the value that means what was done without them.
  UserError if it is damaged or holds an unknown key or a value out of range.
  """
  return parse(files.read_json(path), path)


def parse(tree: Any, path: str | os.PathLike[str]) -> ConfigDict:
  """`load`, of what was read already; `path` is where from."""
  if not isinstance(tree, dict):
    raise UserError(f"{path}: not a config")
  flat = older.translate(flatten(ConfigDict(_tuples(tree), convert_dict=True)))
  try:
    for key in unused(flat, flat):
      del flat[key]
    defaults = {key: option.default for key, option in declared(flat).items()}
    flat = {**defaults, **older.BEFORE, **flat}
    _check(flat)
  except UserError as e:
    raise UserError(f"{path}: {e}") from None
  return ConfigDict(put({}, flat), convert_dict=True)


def younger(path: str | os.PathLike[str]) -> dict[str, Any]:
  """Today's defaults of the keys that `load` fills with what was done before there was the key."""
  saved = flatten(ConfigDict(files.read_json(path), convert_dict=True))
  return {
    key: option.default
    for key, option in declared({}).items()
    if key in older.BEFORE and key not in saved
  }


def save(config: ConfigDict, path: str | os.PathLike[str]) -> None:
  """Writes `config` as JSON, atomically."""
  files.write_json(path, config.to_dict())


def change(path: str | os.PathLike[str], values: dict[str, Any]) -> None:
  """Changes values by dotted key in what `save` wrote, and nothing else."""
  files.write_json(path, put(files.read_json(path), values))


def flatten(config: ConfigDict) -> dict[str, Any]:
  """Every leaf by its dotted key, in order."""
  flat: dict[str, Any] = {}
  for key, value in config.items():
    if isinstance(value, ConfigDict):
      flat |= {f"{key}.{rest}": leaf for rest, leaf in flatten(value).items()}
    else:
      flat[key] = value
  return flat


def validate(config: ConfigDict) -> None:
  """Raises UserError, naming the key, for a value out of range or an impossible combination."""
  flat = flatten(config)
  _check(flat)
  for line in fitting.refused(flat):
    raise UserError(line)
  for wrong, line in _combinations(flat):
    if wrong:
      raise UserError(line)


def _check(flat: Mapping[str, Any]) -> None:
  """Raises UserError for an unknown or missing key, or a value of a wrong type or out of range."""
  known = declared(flat)
  for key in flat:
    if key not in known:
      raise unknown(key, flat)
  for key, option in known.items():
    if key not in flat:
      raise UserError(f"the config has no key {key}; configs start from configs/base.py")
    option.check(key, flat[key])


def _tuples(tree: Any) -> Any:
  if isinstance(tree, dict):
    return {key: _tuples(value) for key, value in tree.items()}
  return tuple(_tuples(value) for value in tree) if isinstance(tree, list) else tree


_GRAMMAR_SPLITS = ("train", "valid", "test", "long")


def _combinations(flat: dict[str, Any]) -> Iterable[tuple[bool, str]]:
  """What can't be had together: (is it asked for, the line that says so)."""
  grammar = flat["data.corpus"] == "grammar"
  shortest, longest, beyond = (
    flat[f"data.grammar.{key}"] for key in ("min_words", "max_words", "long_words")
  )
  optimizer, schedule = flat["train.optimizer.name"], flat["train.schedule.name"]
  alternating = flat["model.encoder.kind"] == "alternating"
  layers = max(flat["model.cell.layers"], flat["model.encoder.layers"] if alternating else 1)
  width = "model.readout.size" if "model.readout.size" in flat else "model.size"
  yield (
    flat["model.tie"] and flat[width] != flat["model.embedding"],
    f"model.tie needs {width} == model.embedding, but they are {flat[width]} and "
    f"{flat['model.embedding']}",
  )
  yield (
    flat["model.dropout.layer"] > 0 and layers == 1,
    f"model.dropout.layer={flat['model.dropout.layer']} drops what is between layers, but there is "
    "one: set model.cell.layers",
  )
  yield (
    flat["model.joint"] and not flat["data.tokenizer.joint"],
    "model.joint gives both sides the same word vectors, which needs data.tokenizer.joint",
  )
  yield (
    flat["model.joint"] and bool(flat["train.start.source_vectors"]),
    "model.joint gives both sides the word vectors of the target: set train.start.target_vectors "
    "instead of train.start.source_vectors",
  )
  yield (
    flat["data.filter.min_words"] > flat["data.filter.max_words"],
    f"data.filter.min_words={flat['data.filter.min_words']} is above "
    f"data.filter.max_words={flat['data.filter.max_words']}: no sentence would be left",
  )
  yield (
    grammar and not shortest <= longest < beyond,
    f"data.grammar needs min_words <= max_words < long_words, but they are {shortest}, {longest} "
    f"and {beyond}",
  )
  joined = "+".join([flat["data.train"], flat["data.valid"], *flat["data.test"]])
  strange = sorted({*joined.split("+")} - {*_GRAMMAR_SPLITS})
  yield (
    grammar and bool(strange),
    f"data.corpus=grammar has no split {'+'.join(strange)}; it has: {' '.join(_GRAMMAR_SPLITS)}",
  )
  yield (
    grammar and (flat["data.source"], flat["data.target"]) != ("en", "fr"),
    f"data.corpus=grammar is English to French (en, fr), but data.source={flat['data.source']} "
    f"and data.target={flat['data.target']}",
  )
  yield (
    flat["data.source"] == flat["data.target"],
    f"data.source and data.target are both {flat['data.source']}, so that both sides would be the "
    "same text; where two texts are of one language, name one side otherwise (data.target=simple "
    "is train.simple, or the second column of train.tsv)",
  )
  yield (
    bool(flat["data.url"]) and "{language}" not in flat["data.url"],
    f"data.url={flat['data.url']} lacks {{language}}, so that both sides would be the same text",
  )
  kind, dropout = flat["data.tokenizer.kind"], flat["data.tokenizer.dropout"]
  yield (
    flat["data.tokenizer.joint"] and kind == "words",
    "data.tokenizer.joint is not for data.tokenizer.kind=words, which follow one language's rules; "
    "use bpe",
  )
  yield (
    dropout > 0 and kind != "bpe",
    f"data.tokenizer.dropout leaves out merges of bpe, but data.tokenizer.kind={kind}",
  )
  yield (
    flat["data.tokenizer.samples"] > 1 and dropout == 0,
    f"data.tokenizer.samples={flat['data.tokenizer.samples']} would all be alike: "
    "set data.tokenizer.dropout",
  )
  yield (
    flat["data.corpus"] == "text" and not flat["data.dir"] and not flat["data.url"],
    "data.corpus=text needs data.dir, the folder of its files, or data.url to fetch them from",
  )
  yield (
    flat["train.optimizer.weight_decay"] > 0 and optimizer != "adamw",
    f"train.optimizer.weight_decay needs train.optimizer.name=adamw, but that is {optimizer}",
  )
  yield (
    flat["train.optimizer.batch"] > 0 and flat["batch.tokens"] > 0,
    "train.optimizer.batch counts sentences, but batch.tokens varies it: set one to 0",
  )
  yield (
    flat["train.optimizer.momentum"] > 0 and optimizer != "sgd",
    f"train.optimizer.momentum needs train.optimizer.name=sgd, but that is {optimizer}",
  )
  yield (
    schedule == "cosine" and flat["train.schedule.warmup"] >= flat["train.updates"],
    f"train.schedule.warmup={flat['train.schedule.warmup']} leaves nothing of "
    f"train.updates={flat['train.updates']} to the cosine",
  )
