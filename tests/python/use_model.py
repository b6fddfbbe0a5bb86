"""Loads a static embedding model by its repo id and finds for each question the sentence it is about: use_model.py REPO"""

import json
import sys

import numpy as np
from model2vec import StaticModel

SENTENCES = [
    "The cat is sleeping on the sofa.",
    "Add two eggs and a cup of flour to bake the cake.",
    "The doctor treated the patient in the hospital.",
    "Python is a programming language used by software developers.",
    "The football team won the championship match.",
    "The train to Paris leaves from the railway station.",
]
QUESTIONS = [
    "A kitten naps on the couch",
    "recipe for baking with flour and eggs",
    "nurse and surgeon at a clinic",
    "writing code for a computer program",
    "soccer players scored a goal in the game",
    "rail travel ticket to France",
]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


model = StaticModel.from_pretrained(sys.argv[1])
similarity = unit(model.encode(QUESTIONS)) @ unit(model.encode(SENTENCES)).T
print(json.dumps({"dim": model.dim, "best": similarity.argmax(1).tolist()}))
