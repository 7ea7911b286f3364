"""The four ids that every vocabulary begins with."""

PAD, BOS, EOS, UNK = range(4)
SPECIAL = ("[PAD]", "[BOS]", "[EOS]", "[UNK]")
