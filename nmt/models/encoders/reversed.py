"""One recurrent network from the last word to the first: the source reversed."""

from nmt.models.encoders.unidirectional import Encoder as Unidirectional


class Encoder(Unidirectional):
  """h_j = cell(h_{j+1}, W E_x x_j + b): the source backwards (Sutskever et al., 2014, section 3.3).

  Annotations stand where their words do, so alpha needs no turning round. EOS is read first. The
  summary, and what RNNencdec takes, is the state at the first word.
  """

  reverse = ends_at_first = True
