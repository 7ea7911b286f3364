"""How fast is training and search, beside other systems on the same machine in the same run?

Hypothesis: sentences batched by length, and everything that does not depend on the last state done
for all steps at once, beat a hand-written PyTorch model and Joey NMT by the factors that
`python -m experiments.benchmarks.speed --against=torch,joeynmt` prints. The peers are the extra
`peers` of setup.py; without --against nothing of theirs is needed.
"""
