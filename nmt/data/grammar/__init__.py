"""The embedded corpus: English-French pairs with gold word links, made by a synchronous grammar.

Each phrase is built in both languages at once from one lexicon, and each French word keeps the
English words it comes from; nothing is aligned afterwards. The translation is a function of the
English: `you` is vous, in the plural; I, we and you are men; they are ils, unless the subject just
named is feminine; the simple past is the passé composé of an event and the imperfect of a state.

Links (Pharaoh: `i-j` sure, `ipj` possible, English-French, over Moses tokens), after the Hansards:
- words that translate each other are sure: nouns, adjectives, main verbs, pronouns, names,
  numbers, conjunctions, marks; each word of a fixed phrase with its counterpart (last week,
  semaine dernière);
- a determiner is sure with its counterpart and possible with the noun it agrees with; one that
  English lacks is possible with the noun (apples, des pommes);
- a contracted article is sure with the preposition, possible with the article (of the, du); a
  preposition that the verb asks for is sure with its particle, else possible with the verb;
- a negation is pas (jamais, plus) sure with not, ne possible with not, the auxiliary and the verb;
- in a verb group the participle or finite verb is sure with the main verb, and possible with do,
  will or be; avoir and être are sure with have, otherwise possible with the group (ate, a mangé);
- a comparative in -er is sure with the adjective, possible with plus; est-ce is sure with do,
  possible with another auxiliary, and so is que; the words of il y a are possible with ago.
Every French word has a link.
"""

from nmt.data.grammar.sample import pair, size

__all__ = ["pair", "size"]
