"""Closed classes, names, dates and fixed phrases.

A fixed phrase is `English | French | links`, links as in Pharaoh format; without links, word k goes
with word k.
"""

PREPOSITIONS = """
with | avec
without | sans
for | pour
behind | derrière
under | sous
near | près de | 0-0 0p1
in front of | devant | 1-0 0p0 2p0
next to | à côté de | 0-1 0p0 1p2 0p2
around | autour de | 0-0 0p1
in | dans
on | sur
of | de
at | à
to | à
by | par
"""

# Each with what it asks of the tense: any, past, present, future.
TIMES = """
any  | in the morning | le matin | 2-1 1-0 0p0
any  | in the evening | le soir | 2-1 1-0 0p0
any  | in the afternoon | l' après-midi | 2-1 1-0 0p0
any  | at noon | à midi |
any  | at midnight | à minuit |
any  | in spring | au printemps |
any  | in summer | en été |
any  | in autumn | en automne |
any  | in winter | en hiver |
any  | on Monday | lundi | 1-0 0p0
any  | on Tuesday | mardi | 1-0 0p0
any  | on Wednesday | mercredi | 1-0 0p0
any  | on Thursday | jeudi | 1-0 0p0
any  | on Friday | vendredi | 1-0 0p0
any  | on Saturday | samedi | 1-0 0p0
any  | on Sunday | dimanche | 1-0 0p0
any  | after midnight | après minuit |
any  | before noon | avant midi |
any  | every day | chaque jour |
any  | every evening | chaque soir |
any  | every week | chaque semaine |
any  | every Sunday | chaque dimanche |
any  | during the night | pendant la nuit |
any  | at the end of the day | à la fin de la journée |
past | yesterday | hier |
past | yesterday evening | hier soir |
past | last week | la semaine dernière | 0-2 1-1 1p0
past | last month | le mois dernier | 0-2 1-1 1p0
past | last year | l' année dernière | 0-2 1-1 1p0
past | last night | la nuit dernière | 0-2 1-1 1p0
past | that day | ce jour-là |
present | today | aujourd' hui | 0-0 0-1
present | now | maintenant |
present | this morning | ce matin |
present | this week | cette semaine |
present | these days | ces jours-ci | 0-0 1-1
future | tomorrow | demain |
future | tomorrow morning | demain matin |
future | tomorrow evening | demain soir |
future | next week | la semaine prochaine | 0-2 1-1 1p0
future | next month | le mois prochain | 0-2 1-1 1p0
future | next year | l' année prochaine | 0-2 1-1 1p0
future | soon | bientôt |
future | one day | un jour |
"""

MONTHS = """
January janvier
February février
March mars
April avril
May mai
June juin
July juillet
August août
September septembre
October octobre
November novembre
December décembre
"""

UNITS = """
day jour days jours
week semaine weeks semaines
month mois months mois
year an years ans
hour heure hours heures
"""

# After the object; the last three go with an object only.
MANNERS = """
slowly lentement
quickly rapidement
quietly doucement
silently silencieusement
calmly calmement
immediately immédiatement
carefully soigneusement
patiently patiemment
happily joyeusement
"""

HERE = """
here ici
there là-bas
everywhere partout
"""

# Before the English verb and after the French one.
FREQUENCIES = """
often souvent
always toujours
sometimes parfois
rarely rarement
also aussi
"""

NUMBERS = """
two deux
three trois
four quatre
five cinq
six six
seven sept
eight huit
nine neuf
ten dix
eleven onze
twelve douze
fifteen quinze
twenty vingt
thirty trente
forty quarante
fifty cinquante
sixty soixante
"""

MEN = """
Paul Paul
John Jean
Peter Pierre
Andrew André
Stephen Étienne
Henry Henri
Martin Martin
Arthur Arthur
"""

WOMEN = """
Mary Marie
Anne Anne
Alice Alice
Julie Julie
Helen Hélène
Claire Claire
Sophie Sophie
Emma Emma
"""

CITIES = """
Paris Paris
London Londres
Brussels Bruxelles
Rome Rome
Venice Venise
Lisbon Lisbonne
Athens Athènes
Geneva Genève
"""

# Country, and `in` it: en or au.
COUNTRIES = """
France la France en
Italy l' Italie en
Spain l' Espagne en
Germany l' Allemagne en
Belgium la Belgique en
Portugal le Portugal au
Japan le Japon au
Canada le Canada au
Brazil le Brésil au
"""

SUBJECTS = """
I je 0
he il 1
she elle 1
we nous 2
you vous 3
they ils 4
"""

# Subject, direct clitic, indirect clitic, after a preposition, English object.
OBJECTS = """
me me me moi
him le lui lui
her la lui elle
us nous nous nous
you vous vous vous
them les leur eux
"""

POSSESSIVES = """
my mon ma mes
his son sa ses
her son sa ses
our notre notre nos
your votre votre vos
their leur leur leurs
"""

CONNECTIVES = """
and | et
but | mais
because | parce que | 0-0 0p1
while | pendant que | 0-0 0p1
whereas | tandis que | 0-0 0p1
when | quand
since | puisque
as soon as | dès que | 1-0 0p0 2-1
so | donc
"""

# `It is raining` -> `Il pleut`; present, imperfect, future.
WEATHER = """
raining rain pleut pleuvait pleuvra
snowing snow neige neigeait neigera
"""

# `It is cold` -> `Il fait froid`, `It is late` -> `Il est tard`.
CLIMATE = """
cold froid fait faisait fera
hot chaud fait faisait fera
late tard est était sera
early tôt est était sera
"""

# `He is hungry` -> `Il a faim`.
STATES = """
hungry faim
thirsty soif
cold froid
right raison
wrong tort
sleepy sommeil
"""
