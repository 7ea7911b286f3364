"""The negative log-likelihood of the target, given the words before each."""

from nmt.options import share

OPTIONS = {
  "label_smoothing": share(0.0, "probability that is spread over all words in place of the right"),
}
