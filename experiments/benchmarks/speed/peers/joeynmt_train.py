"""Joey NMT's own command.

  python -m experiments.benchmarks.speed.peers.joeynmt_train train CONFIG --skip-test

Its tokenizer tells SentencePiece the vocabulary, by a method that SentencePiece has no more. All
pieces of the text are in the vocabulary, so nothing is lost without it.
"""

from joeynmt.__main__ import main
from joeynmt.tokenizers import BasicTokenizer, SentencePieceTokenizer

if __name__ == "__main__":
  SentencePieceTokenizer.set_vocab = BasicTokenizer.set_vocab
  main()
