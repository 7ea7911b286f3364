"""Verbs: English, French, frame, classes of subjects, classes of objects, flags.

English is `base[/past[/participle[/gerund]]]`, regular forms left out, `_` before a particle.
French is an infinitive, `se_` if reflexive, `_noun` for avoir besoin.
Frames: i alone; t direct object; d direct object and a recipient (à); A indirect object (à);
D object with de; N object with dans; L somewhere; G to a place (à); P something somewhere;
S that-clause; c, cà, cde infinitive.
Flags: e être in the passé composé; s a state (imperfect for the simple past, no progressive);
g takes things in general (aime les pommes); 1 the object is definite.
"""

VERBS = """
sleep/slept dormir i ha
work travailler i h
sing/sang/sung chanter i h
dance danser i h
swim/swam/swum/swimming nager i ha
run/ran/run/running courir i ha
laugh rire i h
cry/cried pleurer i h
smile sourire i h
walk marcher i ha
travel/travelled/travelled/travelling voyager i h
arrive arriver i hv - e
come_back/came/come revenir i ha - e
fall/fell/fallen tomber i ha - e
die/died/died/dying mourir i ha - e
go_out/went/gone sortir i h - e
speak/spoke/spoken parler i h
shout crier i h
rest se_reposer i ha
get_up/got/got/getting se_lever i h
wake_up/woke/woken se_réveiller i ha
hesitate hésiter i h
disappear disparaître i hav
eat/ate/eaten manger t ha f
drink/drank/drunk boire t ha d
buy/bought/bought acheter t h fdy
sell/sold/sold vendre t h fdy
see/saw/seen voir t ha haobpvnt
watch regarder t ha havn
look_at regarder t h habonv
read/read/read lire t h t
write/wrote/written écrire t h r
sing/sang/sung chanter t h s
open ouvrir t h k
close fermer t h k
find/found/found trouver t h octv
lose/lost/lost perdre t h oc
look_for chercher t ha hacot
like aimer t h fdtsbp gs
love adorer t h fdtshap gs
hate détester t h fdtsa gs
know/knew/known connaître t h hpsl s1
help aider t h h
meet/met/met/meeting rencontrer t h h
visit visiter t h bp
build/built/built construire t h b
clean nettoyer t h ocuvb
break/broke/broken casser t h 3
repair réparer t h 3v
wash laver t h cv
carry/carried porter t h oc
wear/wore/worn porter t h c
take/took/taken prendre t h oct
choose/chose/chosen choisir t h octvf
learn/learnt/learnt apprendre t h l
understand/understood/understood comprendre t h lx s
hear/heard/heard entendre t ha has
listen_to écouter t h hs
follow suivre t ha hav
wait_for attendre t h hv
paint peindre t h ubvn
steal/stole/stolen voler t h ocv
hide/hid/hidden cacher t h oct
catch/caught/caught attraper t ha a
prepare préparer t h fd
drive/drove/driven conduire t h 4
translate traduire t h tr
explain expliquer t h lx
forget/forgot/forgotten/forgetting oublier t h octx
receive recevoir t h t
hunt chasser t ha a
feed/fed/fed nourrir t h a
protect protéger t ha ha
attack attaquer t ha ha
save sauver t h ha
invite inviter t h h
thank remercier t h h
admire admirer t h habnps s
respect respecter t h h s
defend défendre t h h
cross traverser t hav 5
leave/left/left quitter t h bp 1
own posséder t h yv s
need avoir_besoin D h hoctvy s
enter entrer N h b e
obey/obeyed obéir A h h 1
answer/answered répondre A h h 1
resemble ressembler A h h s1
speak_to/spoke/spoken parler A h h 1
phone téléphoner A h h 1
talk_about parler D h haxbp
dream_about rêver D h hxbp
remember se_souvenir D h hxbp s
play/played jouer D h q 1
give/gave/given donner d h ocft
show/showed/shown montrer d h octbv
offer/offered offrir d h oft
send/sent/sent envoyer d h to
lend/lent/lent prêter d h ocv
bring/brought/brought apporter d h ocft
live habiter L h - s
stay/stayed rester L ha - e
go/went/gone aller G h - e
return retourner G h - e
put/put/put/putting mettre P h oct
hide/hid/hidden cacher P h oct
say/said/said dire S h
think/thought/thought penser S h - s
know/knew/known savoir S h - s
believe croire S h - s
hope espérer S h - s
want vouloir c h - s
like aimer c h - s
prefer/preferred/preferred/preferring préférer c h - s
hope espérer c h - s
begin/began/begun/beginning commencer cà ha
learn/learnt/learnt apprendre cà h
continue continuer cà ha
try/tried essayer cde ha
refuse refuser cde h
decide décider cde h
forget/forgot/forgotten/forgetting oublier cde h
"""
