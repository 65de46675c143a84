#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets: small files of every kind, good ones and some broken ones.

    seeds.py OUT TESTS

OUT/TARGET/NAME for every target. TESTS: this project's tests, whose .pth fixtures are seeds too, as
are the lessons that it comes with. Where
ONNX's own test data are installed (Debian: libonnx-testdata) their models are seeds of onnx and
graph. Needs nothing but Python; the same files each time.
"""
import os

from seeds_base import OUT
from seeds_idx import make_idx
from seeds_models import make_safetensors
from seeds_onnx import make_onnx
from seeds_pictures import make_history, make_pictures, make_state
from seeds_pth import make_pth
from seeds_text import make_lessons, make_strokes, make_text

# In this order: the numbers in them come from one generator.
make_idx()
make_safetensors()
make_pth()
make_onnx()
make_strokes()
make_text()
make_pictures()
make_state()
make_lessons()
make_history()
print(sum(len(files) for _, _, files in os.walk(OUT)), "seeds")
