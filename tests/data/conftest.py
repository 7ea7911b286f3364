import random

import pytest
from ml_collections import ConfigDict

from configs.base import get_config

WORDS = ["the", "a", "cat", "dog", "sees", "eats", "big", "small", "red", ",", ".", "café", "œuvre"]


def sentences(count: int, seed: int, most: int = 12) -> list[str]:
  draw = random.Random(seed)
  return [" ".join(draw.choices(WORDS, k=draw.randint(1, most))) for _ in range(count)]


@pytest.fixture
def data(tmp_path) -> ConfigDict:
  """A config of text in tmp_path/text: 300 training pairs, 20 of validation."""
  folder = tmp_path / "text"
  folder.mkdir()
  for split, count in (("train", 300), ("valid", 20)):
    for seed, language in enumerate(("en", "fr")):
      lines = sentences(count, seed + 2 * count)
      (folder / f"{split}.{language}").write_text("".join(f"{line}\n" for line in lines))
  config = get_config().data
  config.corpus, config.dir, config.cache = "text", str(folder), str(tmp_path / "cache")
  config.tokenizer.size = 100
  return config
