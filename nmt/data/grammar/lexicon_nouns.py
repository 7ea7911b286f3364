"""Nouns: English, French, gender, classes.

`english[/plural]  french[/plural]  m|f  classes`; `*` marks an aspirated h, `-` a missing plural.
Irregular plurals are written out, the others follow `morphology`.

Classes say what may be done with the thing, so that sentences make sense:
h human (w: the sex shows in English too, so that he or she may stand for it; F: a woman), a animal,
f food, d drink, ~ mass, t text, o small object, c clothes, u furniture and parts of houses,
v vehicle, b building, p place, g somewhere one goes to (à), x abstract, n of the landscape,
1 one is in it (dans), 2 one is on it (sur), k can be opened, q played, z belongs to a house,
y has a price, l learnt or understood, s told or sung, r written, 3 breaks and is repaired,
4 driven, 5 crossed, e rises high, j deep, i wide or narrow.
"""

NOUNS = """
man/men homme m hw
woman/women femme f hw
boy garçon m hw
girl fille f hw
king roi m hw
queen reine f hw
prince prince m hw
princess princesse f hw
father père m hw
mother mère f hw
brother frère m hw
sister sœur f hw
son fils m hw
uncle oncle m hw
aunt tante f hw
nephew neveu/neveux m hw
niece nièce f hw
grandfather grand-père/grands-pères m hw
grandmother grand-mère/grands-mères f hw
husband mari m hw
actor acteur m hw
actress actrice f hw
waiter serveur m hw
waitress serveuse f hw
monk moine m hw
teacher professeur m h
doctor médecin m h
visitor visiteur m h
neighbour voisin m h
friend ami m h
soldier soldat m h
judge juge m h
minister ministre m h
writer écrivain m h
engineer ingénieur m h
baker boulanger m h
farmer agriculteur m h
driver chauffeur m h
student étudiant m h
merchant marchand m h
thief/thieves voleur m h
guest invité m h
worker ouvrier m h
knight chevalier m h
sailor marin m h
fisherman/fishermen pêcheur m h
policeman/policemen policier m h
priest prêtre m h
painter peintre m h
poet poète m h
pilot pilote m h
gardener jardinier m h
hunter chasseur m h
cook cuisinier m h
mayor maire m h
lawyer avocat m h
nurse infirmière f h
witness/witnesses témoin m h
hero/heroes *héros m h
prisoner prisonnier m h
cat chat m a
dog chien m a
horse cheval/chevaux m a
bird oiseau m a
cow vache f a
pig cochon m a
wolf/wolves loup m a
bear ours m a
lion lion m a
fox/foxes renard m a
rabbit lapin m a
mouse/mice souris f a
hen poule f a
duck canard m a
goat chèvre f a
donkey âne m a
snake serpent m a
monkey singe m a
elephant éléphant m a
tiger tigre m a
owl *hibou/hiboux m a
frog grenouille f a
squirrel écureuil m a
swan cygne m a
hedgehog *hérisson m a
apple pomme f fy
pear poire f fy
orange orange f fy
banana banane f fy
strawberry fraise f fy
cherry cerise f fy
peach/peaches pêche f fy
lemon citron m fy
egg œuf m fy
cake gâteau m fy
carrot carotte f fy
tomato/tomatoes tomate f fy
onion oignon m fy
mushroom champignon m fy
bean *haricot m fy
sandwich/sandwiches sandwich m fy
biscuit biscuit m fy
bread/- pain m f~
cheese/- fromage m f~
meat/- viande f f~
rice/- riz m f~
sugar/- sucre m f~
butter/- beurre m f~
honey/- miel m f~
chocolate/- chocolat m f~
soup/- soupe f f~
jam/- confiture f f~
water/- eau f d~
milk/- lait m d~
wine/- vin m d~
coffee/- café m d~
tea/- thé m d~
beer/- bière f d~
book livre m toyr
letter lettre f tkr
newspaper journal/journaux m toy
poem poème m tsr
novel roman m toyr
article article m tr
report rapport m tr
message message m tr
dictionary dictionnaire m toy
key clé f oy
lamp lampe f oyu3
watch/watches montre f oy3
knife/knives couteau m oy
glass/glasses verre m oy
cup tasse f oy
plate assiette f oy
bottle bouteille f oyk
bag sac m oyk1
suitcase valise f oyk1
box/boxes boîte f ok1
basket panier m oy1
umbrella parapluie m oy3
phone téléphone m oy3
computer ordinateur m oy3
pencil crayon m oy
pen stylo m oy
painting tableau m oy
mirror miroir m oyu3
flower fleur f on
rose rose f on
toy jouet m oy3
ring bague f oy
crown couronne f oy
sword épée f oy
stone pierre f on
tool outil m oy
axe *hache f oy
candle bougie f oy
blanket couverture f oy
pillow oreiller m oy
coin pièce f o
ticket billet m oy
map carte f oy
guitar guitare f oyq3
piano piano m uyq3
violin violon m oyq3
flag drapeau m o
gift cadeau m o
hat chapeau m cy
coat manteau m cy
shirt chemise f cy
dress/dresses robe f cy
skirt jupe f cy
shoe chaussure f cy
glove gant m cy
jacket veste f cy
scarf/scarves écharpe f cy
belt ceinture f cy
table table f uy23
chair chaise f uy23
bed lit m uy2i
cupboard armoire f uyk1
door porte f ukz
window fenêtre f ukzi
wall mur m uzei
roof toit m uz2
clock horloge f uy3
ladder échelle f uy3
car voiture f vy34
train train m v
boat bateau m vy
plane avion m v
bicycle vélo m vy3
bus/buses bus m v4
lorry/lorries camion m vy4
ship navire m v
house maison f b1y
school école f bg1
church/churches église f bg1
museum musée m bg1
station gare f bg1
hospital hôpital/hôpitaux m bg1
castle château m bg1
hotel hôtel m bg1
shop magasin m bg1
library bibliothèque f bg1
theatre théâtre m bg1
restaurant restaurant m bg1
office bureau m bg1
factory usine f bg1
prison prison f b1
tower tour f b1e
palace palais m bg1
kitchen cuisine f b1z
bedroom chambre f b1z
cellar cave f b1z
barn grange f b1
farm ferme f bg
bank banque f bg
airport aéroport m bg
university université f bg
garden jardin m p1
park parc m pg1
forest forêt f pn15
town ville f p1
village village m p1
street rue f p1i5
square place f p25
market marché m pg
beach plage f pgn2
mountain montagne f pn2e
hill colline f pn2e
river rivière f pn1ji5
lake lac m pnj
island île f pn2
field champ m pn15
road route f p25
bridge pont m p2i5
valley vallée f pn1ji5
desert désert m pn15
path chemin m p2i
tree arbre m n
idea idée f x
question question f x
answer réponse f x
problem problème m xl
secret secret m x
truth/- vérité f xl
dream rêve m x
law loi f x
song chanson f xsr
language langue f xl
story histoire f xsr
decision décision f x
mistake erreur f x
rule règle f xl
lesson leçon f xl
journey voyage m x
promise promesse f x
plan projet m x
"""

# What takes `of`, the classes of what it takes, and what may be said of it: the roof of the house.
RELATIONS = """
colour couleur f ocuvb beautiful,strange,pretty
price prix m y high,important
name nom m hpb strange,beautiful,long,famous,pretty
history/- histoire f pb interesting,long,boring,strange,sad
end fin f ts sad,strange,boring,interesting
beginning début m ts boring,interesting,difficult,strange
owner propriétaire m ybv rich,generous,kind,old,young,famous,polite
door porte f b open,narrow,old,new,red,green,heavy
roof toit m b red,old,new,high,grey
voice voix f h beautiful,strange,sad,calm,strong,weak
size/- taille f oyvb important,strange
weight/- poids m fyoa important,strange
"""
