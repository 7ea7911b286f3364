"""Luong's order: the cell updates the state, then attention sees it (Luong et al., 2015)."""

from nmt.options import switch

OPTIONS = {
  "input_feeding": switch(True, "the next step's input has this step's attentional state"),
}
