"""One page of HTML about a run or a study, from folders alone: python -m nmt.analyze report."""
