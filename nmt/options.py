def count(default, help):
  return (default, help)
def choice(default, names, help):
  return (default, help)
def switch(default, help):
  return (default, help)
def amount(default, help):
  return (default, help)
def share(default, help):
  return (default, help)
def kind(default, help):
  return (default, help)
