"""Adjectives and nouns of profession.

`english[/comparative]  masculine/feminine[/before a vowel]  pre|post|be  classes of nouns`; `be`:
only after to be. A comparative with `more` is not written. `!` after the side: not gradable.
`*` marks an aspirated h.
"""

ADJECTIVES = """
big/bigger grand/grande pre foycuvbpan
tall/taller grand/grande be h
small/smaller petit/petite pre foycuvbpahn
beautiful beau/belle/bel pre Facopbvsun
new/newer nouveau/nouvelle/nouvel pre! ocuvbtxl
old/older vieux/vieille/vieil pre hacouvbpt
good/better bon/bonne pre fdtls
bad/worse mauvais/mauvaise pre fdtxsl
young/younger jeune/jeune pre ha
pretty/prettier joli/jolie pre Fcopbs
long/longer long/longue pre tscx
red rouge/rouge post! ocuvb
blue bleu/bleue post! ocuvb
green vert/verte post! ocuvb
white blanc/blanche post! focuvba
black noir/noire post! ocuvba
yellow jaune/jaune post! ocuvb
grey gris/grise post! ocuvba
happy/happier heureux/heureuse post h
sad/sadder triste/triste post hs
rich/richer riche/riche post h
strong/stronger fort/forte post hav
weak/weaker faible/faible post ha
intelligent intelligent/intelligente post ha
famous célèbre/célèbre post htsbp
brave/braver courageux/courageuse post ha
dangerous dangereux/dangereuse post avx
tired fatigué/fatiguée post ha
ill malade/malade post! ha
kind/kinder gentil/gentille post h
honest honnête/honnête post h
proud/prouder fier/fière post h
jealous jaloux/jalouse post h
curious curieux/curieuse post ha
lazy/lazier paresseux/paresseuse post ha
serious sérieux/sérieuse post hx
calm/calmer calme/calme post hap
polite poli/polie post h
shy/shyer timide/timide post ha
generous généreux/généreuse post h
cruel cruel/cruelle post h
patient patient/patiente post ha
worried inquiet/inquiète post h
heavy/heavier lourd/lourde post ocu
light/lighter léger/légère post oc
expensive cher/chère post foycuvb
clean/cleaner propre/propre post ocuvbp
dirty/dirtier sale/sale post ocuvbpa
empty vide/vide post! okb
round rond/ronde post! ou
strange étrange/étrange post xtsoha
cold/colder froid/froide post fd
hot/hotter chaud/chaude post fd
fresh/fresher frais/fraîche post fd
sweet/sweeter sucré/sucrée post fd
delicious délicieux/délicieuse post fd
modern moderne/moderne post uvbot
useful utile/utile post otlx
precious précieux/précieuse post ot
deep/deeper profond/profonde post j
narrow/narrower étroit/étroite post i
high/higher *haut/*haute pre e
important important/importante post txlhp
difficult difficile/difficile post xlt
easy/easier facile/facile post xlt
simple/simpler simple/simple post xltc
interesting intéressant/intéressante post xltsbp
boring ennuyeux/ennuyeuse post xlts
public public/publique post! bp
royal royal/royale post! bcp
French français/française post! htsbpfc
English anglais/anglaise post! htsbfc
Italian italien/italienne post! htsbpfcv
Spanish espagnol/espagnole post! htsbpfc
German allemand/allemande post! htsbpcv
"""

PROFESSIONS = """
student étudiant/étudiante
lawyer avocat/avocate
baker boulanger/boulangère
musician musicien/musicienne
singer chanteur/chanteuse
dancer danseur/danseuse
teacher enseignant/enseignante
nurse infirmier/infirmière
farmer agriculteur/agricultrice
cook cuisinier/cuisinière
"""
