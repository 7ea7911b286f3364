"""A resolved config: stored as JSON, and checked before anything runs."""

import difflib
import functools
import os
import runpy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from nmt import files
from nmt.errors import UserError

# sacreBLEU's, which is not imported for their names.
BLEU_TOKENIZERS = (
  *("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none"),
  *("flores101", "flores200", "spBLEU-1K"),
)

_MODELS = Path(__file__).parent / "models"
_BASE = Path(__file__).parents[1] / "configs" / "base.py"

# Of keys that older runs do not have: what was done before there was the key, if not the default.
_BEFORE: dict[str, Any] = {"data.filter.max_tokens": 0, "data.normalize": "none"}


def load(path: str | os.PathLike[str]) -> ConfigDict:
  """Reads what `save` wrote, now or before some of today's keys existed.

  JSON's lists become tuples again, and keys that the file lacks get the value that means what was
  done without them. UserError if it is damaged or holds an unknown key or a value out of range.
  """
  tree = files.read_json(path)
  if not isinstance(tree, dict):
    raise UserError(f"{path}: not a config")
  flat = {**_defaults(), **_BEFORE, **flatten(ConfigDict(_tuples(tree), convert_dict=True))}
  try:
    _check(flat)
  except UserError as e:
    raise UserError(f"{path}: {e}") from None
  return ConfigDict(_put({}, flat), convert_dict=True)


def younger(path: str | os.PathLike[str]) -> dict[str, Any]:
  """Today's defaults of the keys that `load` fills with what was done before there was the key."""
  saved = flatten(ConfigDict(files.read_json(path), convert_dict=True))
  return {key: _defaults()[key] for key in _BEFORE if key not in saved}


def save(config: ConfigDict, path: str | os.PathLike[str]) -> None:
  """Writes `config` as JSON, atomically."""
  files.write_json(path, config.to_dict())


def change(path: str | os.PathLike[str], values: dict[str, Any]) -> None:
  """Changes values by dotted key in what `save` wrote, and nothing else."""
  files.write_json(path, _put(files.read_json(path), values))


def flatten(config: ConfigDict) -> dict[str, Any]:
  """Every leaf by its dotted key, in order."""
  flat: dict[str, Any] = {}
  for key, value in config.items():
    if isinstance(value, ConfigDict):
      flat |= {f"{key}.{rest}": leaf for rest, leaf in flatten(value).items()}
    else:
      flat[key] = value
  return flat


def nearest(name: str, names: Iterable[str]) -> str:
  """`; did you mean ...?` with the valid name most like `name`, or nothing if none is alike."""
  known = list(names)
  close = difflib.get_close_matches(name, known, n=1)
  if not close:  # the right last word in no group, or in a wrong one
    last = name.rsplit(".", 1)[-1]
    close = [key for key in known if key.rsplit(".", 1)[-1] == last][:1]
  return f"; did you mean {close[0]}?" if close else ""


def attention_kinds() -> list[str]:
  """The kinds of attention: one file each in nmt/models/attention, and `none`."""
  files = (_MODELS / "attention").glob("*.py")
  return sorted({"none", *(f.stem for f in files if not f.stem.startswith("_"))} - {"base"})


def validate(config: ConfigDict) -> None:
  """Raises UserError, naming the key, for a value out of range or an impossible combination."""
  flat = flatten(config)
  _check(flat)
  for wrong, line in _combinations(flat):
    if wrong:
      raise UserError(line)


def _check(flat: dict[str, Any]) -> None:
  """Raises UserError for an unknown or missing key, or a value of a wrong type or out of range."""
  choices = _choices()
  for key in flat:
    if key not in choices and key not in _RANGES:
      raise UserError(f"unknown config key {key}{nearest(key, [*choices, *_RANGES])}")
  for key, names in choices.items():
    value = _get(flat, key)
    if value not in names:
      raise UserError(
        f"{key}={value} is not one of: {', '.join(filter(None, names))}"
        f"{nearest(str(value), filter(None, names))}"
      )
  for key, (types, inside, wish) in _RANGES.items():
    value = _get(flat, key)
    if type(value) not in types or not inside(value):
      raise UserError(f"{key}={value!r} must be {wish}")


def _put(tree: dict[str, Any], flat: dict[str, Any]) -> dict[str, Any]:
  """The tree with values put into it by dotted key: the inverse of `flatten`, for an empty one."""
  for key, value in flat.items():
    *groups, last = key.split(".")
    functools.reduce(lambda group, name: group.setdefault(name, {}), groups, tree)[last] = value
  return tree


@functools.cache
def _defaults() -> dict[str, Any]:
  return flatten(runpy.run_path(str(_BASE))["get_config"]())


def _tuples(tree: Any) -> Any:
  if isinstance(tree, dict):
    return {key: _tuples(value) for key, value in tree.items()}
  return tuple(_tuples(value) for value in tree) if isinstance(tree, list) else tree


def _get(flat: dict[str, Any], key: str) -> Any:
  if key not in flat:
    raise UserError(f"the config has no key {key}; configs start from configs/base.py")
  return flat[key]


def _choices() -> dict[str, list[str]]:
  return {
    "data.normalize": ["nfc", "none"],
    "data.tokenizer.kind": ["words", "bpe", "unigram", "bytes", "characters"],
    "model.attention.kind": attention_kinds(),
    "model.cell": ["gru"],
    "model.readout": ["previous", "current"],
    "model.init": ["paper", "glorot"],
    "model.loop": ["scan", "kernel"],
    "model.precision": ["float32", "bfloat16"],
    "train.optimizer.name": ["adadelta", "adam", "adamw", "sgd"],
    "train.schedule.name": ["constant", "inverse_sqrt", "cosine", "plateau"],
    "valid.metric": ["bleu", "perplexity"],
    "evaluation.tokenizer": ["", *BLEU_TOKENIZERS],
  }


_Range = tuple[tuple[type, ...], Callable[[Any], bool], str]
_INTEGER, _REAL = (int,), (int, float)
_COUNT: _Range = (_INTEGER, lambda x: x >= 1, "a whole number, 1 or more")
_WHOLE: _Range = (_INTEGER, lambda x: x >= 0, "a whole number, 0 or more")
_SHARE: _Range = (_REAL, lambda x: 0 <= x < 1, "at least 0 and below 1")
_POSITIVE: _Range = (_REAL, lambda x: 0 < x < float("inf"), "above 0")
_AMOUNT: _Range = (_REAL, lambda x: 0 <= x < float("inf"), "0 or more")

_WORDS: _Range = (_INTEGER, lambda x: 3 <= x <= 80, "a whole number from 3 to 80")
_SWITCH: _Range = ((bool,), lambda x: True, "True or False")
_TEXT: _Range = ((str,), lambda x: True, "a text")
_NAME: _Range = ((str,), bool, "a name")

# With _choices, every key of configs/base.py.
_RANGES: dict[str, _Range] = {
  "seed": (_INTEGER, lambda x: 0 <= x < 2**31, "a whole number from 0 to 2147483647"),
  "data.corpus": _NAME,
  "data.dir": _TEXT,
  "data.url": _TEXT,
  "data.source": _NAME,
  "data.target": _NAME,
  "data.train": _NAME,
  "data.valid": _NAME,
  "data.test": ((tuple,), lambda x: all(type(y) is str and y for y in x), "a tuple of names"),
  "data.cache": _TEXT,
  "data.filter.min_words": _COUNT,
  "data.filter.max_words": _COUNT,
  "data.filter.max_ratio": (_REAL, lambda x: x == 0 or x >= 1, "1 or more, or 0 for any ratio"),
  "data.filter.max_tokens": _WHOLE,
  "data.filter.distinct": _SWITCH,
  "data.tokenizer.size": (_INTEGER, lambda x: x >= 5, "5 or more: four entries are special"),
  "data.tokenizer.joint": _SWITCH,
  "data.tokenizer.dropout": _SHARE,
  "data.tokenizer.samples": _COUNT,
  "data.grammar.train": _COUNT,
  "data.grammar.valid": _COUNT,
  "data.grammar.test": _COUNT,
  "data.grammar.long": _COUNT,
  "data.grammar.min_words": _WORDS,
  "data.grammar.max_words": _WORDS,
  "data.grammar.long_words": _WORDS,
  "batch.size": _COUNT,
  "batch.tokens": _WHOLE,
  "batch.window": _COUNT,
  "batch.multiple": _COUNT,
  "model.size": _COUNT,
  "model.embedding": _COUNT,
  "model.maxout": _COUNT,
  "model.attention.size": _COUNT,
  "model.conditional": _SWITCH,
  "model.tie": _SWITCH,
  "model.dropout.embedding": _SHARE,
  "model.dropout.state": _SHARE,
  "model.dropout.readout": _SHARE,
  "train.updates": _COUNT,
  "train.optimizer.learning_rate": _POSITIVE,
  "train.optimizer.batch": _WHOLE,
  "train.optimizer.rho": _SHARE,
  "train.optimizer.eps": _POSITIVE,
  "train.optimizer.b1": _SHARE,
  "train.optimizer.b2": _SHARE,
  "train.optimizer.momentum": _SHARE,
  "train.optimizer.weight_decay": _AMOUNT,
  "train.schedule.warmup": _WHOLE,
  "train.schedule.floor": _SHARE,
  "train.schedule.factor": (_REAL, lambda x: 0 < x < 1, "between 0 and 1"),
  "train.schedule.patience": _WHOLE,
  "train.clip": _AMOUNT,
  "train.label_smoothing": _SHARE,
  "train.accumulate": _COUNT,
  "train.ema": _SHARE,
  "valid.every": _COUNT,
  "valid.patience": _WHOLE,
  "valid.keep": _COUNT,
  "valid.log": _COUNT,
  "decode.beam": _COUNT,
  "decode.length_penalty": _AMOUNT,
  "decode.max_ratio": _POSITIVE,
  "decode.batch": _COUNT,
  "decode.forbid_unk": _SWITCH,
  "mesh.data": (_INTEGER, lambda x: x == -1 or x >= 1, "1 or more, or -1 for all devices left"),
  "mesh.model": _COUNT,
}


_GRAMMAR_SPLITS = ("train", "valid", "test", "long")


def _combinations(flat: dict[str, Any]) -> Iterable[tuple[bool, str]]:
  """What can't be had together: (is it asked for, the line that says so)."""
  grammar = flat["data.corpus"] == "grammar"
  shortest, longest, beyond = (
    flat[f"data.grammar.{key}"] for key in ("min_words", "max_words", "long_words")
  )
  optimizer, schedule = flat["train.optimizer.name"], flat["train.schedule.name"]
  yield (
    flat["model.tie"] and flat["model.maxout"] != flat["model.embedding"],
    f"model.tie needs model.maxout == model.embedding, but they are {flat['model.maxout']} and "
    f"{flat['model.embedding']}",
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
