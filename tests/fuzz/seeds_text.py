"""Seeds of what is text: strokes, settings, notations of layers, preferences, lessons."""
import glob
import os

from seeds_base import TESTS, put


def make_strokes():
    lines = {
        "plain": '{"label":5,"strokes":[[[0,0],[1,1],[2,0]],[[1,0]]]}\n',
        "pressure": '{"label":"A","strokes":[[[0,0,0.2],[10,1,0.9]]]}\n\n{"strokes":[]}\n',
        "null": '{"label":null,"strokes":[[[0,0],[1e30,1]]],"writer":{"a":[1,"b"]}}\r\n',
        "broken": '{"label":5,"strokes":[[[0,0],[1,1\n{"label":6,"strokes":[[[0,0],[1,1]]]}',
        "kinds": '[]\n{}\n1\n"x"\n{"strokes":1}\n{"strokes":[1]}\n{"strokes":[[1]]}\n'
                 '{"strokes":[[["a","b"]]]}\n{"strokes":[[[1]]]}\n{"label":{},"strokes":[]}\n',
        "utf8": '{"label":"\u00e9\u00e9","strokes":[[[0,0],[1,1]]]}\n',
        "bad-utf8": b'{"label":"\xff\xfe","strokes":[[[0,0],[1,1]]]}\n',
        "long-label": '{"label":"%s","strokes":[[[0,0],[1,1]]]}\n' % ("x" * 40),
        "negative": '{"label":-3,"strokes":[[[-5,-5],[-6,-7]]]}\n{"label":1.5,"strokes":[[[0,0]]]}\n',
        "nul": b'{"label":5,\0"strokes":[[[0,0],[1,1]]]}\n', "bom": b'\xef\xbb\xbf{"strokes":[]}\n',
        "same": '{"strokes":[[[3,3],[3,3],[3,3]]]}\n', "huge": '{"strokes":[[[1e308,0],[-1e308,1]]]}\n',
        "many": '{"strokes":[%s]}\n' % ",".join("[[%d,%d],[%d,9]]" % (i, i % 7, i + 1)
                                               for i in range(60)),
    }
    for name, text in lines.items():
        put("strokes", name, text)


def make_text():
    settings = [
        "", "preset=lenet5", "optimizer=adam lr=0.001 batch-size=64 epochs=10 seed=1",
        'layers="conv 4 k3, relu, maxpool 2, dropout 0.2, dense 24, batchnorm, relu, dense 10"',
        "optimizer=sgd momentum=0.9 nesterov=1 weight-decay=1e-4 schedule=step step-size=2 gamma=0.5",
        "schedule=one-cycle warmup-epochs=1 label-smoothing=0.1 loss=cross-entropy clip-norm=1 ema=0.9",
        "augment=strong rotate=10 shift=2 scale=0.1 shear=5 elastic=1 thickness=1 erase=0.5",
        'data="synthetic:3" held-out=500 patience=3 monitor=accuracy restore-best=1 until=0.99',
        "preset=", "preset=none", "lr=nan", "lr=1e10", "lr=-1", "seed=99999999999999999999", 'layers="',
        "mean=0 std=0", "std=1e-300", "no-such=1", "=", "a=b=c", "init=he shuffle=0 limit=100",
        "epochs=1e3 batch-size=0x10", "seed=-9223372036854775808",
    ]
    for i, line in enumerate(settings):
        put("settings", "%02d" % i, line)
    layers = [
        "dense 10", "flatten, dense 120, relu, dense 10", "conv 6 k5 p2, relu, avgpool 2, dense 10",
        "conv 32 k3 s1 p1, batchnorm, leakyrelu 0.1, maxpool 2 s2, dropout 0.25, dense 10",
        "conv 8 k5, tanh, maxpool 3 s2, sigmoid, gelu, silu, elu, softmax, dense 62",
        "dense 0", "conv", "conv 1 k65", "dense 10, , dense 2", "dense 1e9, dense 10", "conv 6 q5",
        "dense 10 dense 10", "DENSE 10", "dense " + "9" * 40, ",".join(["relu"] * 130), "dense -1",
        "conv 1000 k1, conv 1000 k1, conv 1000 k1, dense 2", "dropout nan, dense 2", "dense 2.5",
    ]
    for i, line in enumerate(layers):
        for shape in range(3):
            put("layers", "%02d-%d" % (i, shape), bytes([shape]) + line.encode())
    prefs = [
        "", "width=1440\nheight=900\nx=10\ny=20\nplaced=1\nmaximised=0\nlight=1\nscale=1.25\n"
        "brush=0.04\ntab=2\nlog-loss=1\nraw-loss=0\nby-seconds=1\ndirectory=/tmp\n",
        "width=nan\nheight=1e9\nscale=inf\nbrush=-1\ntab=99\nplaced=2\n", "width", "=\n=\n",
        b"directory=\xff\xfe\n", b"width=300\0height=300\n", "directory=" + "d" * 3000,
    ]
    for i, text in enumerate(prefs):
        put("prefs", "%02d" % i, text)


def make_lessons():
    for path in sorted(glob.glob(os.path.join(TESTS, "..", "assets", "lessons", "*.lesson"))):
        with open(path, "rb") as file:
            put("lesson", os.path.basename(path), file.read())
    broken = [
        "", "title:", "title: x\n", "page\n", "title: x\npage\n", "title: x\npage\ncaption: y\n",
        "title: x\npage\ncaption: y\n  z\nhide: everything\nshow: form\nset: lr=0.1\n"
        "draw: 20 30, 25 40; 50 50\ntab: mine\nanswer: shipped\ncharts: log smooth epochs\n"
        "start: seed=2\npause\nresume\nstep\nink: centre=off\n# end\n",
        "title: x\npage\ncaption: y\nset: lr=nan\n", "title: x\npage\ncaption: y\ndraw: 1e9 2\n",
        "title: x\ntitle: y\npage\n", "title[zh_CN]: x\npage\ncaption[xx]: y\n",
        "title: x\n" + "page\ncaption: y\n" * 70, "title: x\npage\ncaption: y\n" + "pause\n" * 300,
        b"title: \xff\npage\ncaption: y\n", b"title: x\0\npage\n", "title: x\r\npage\r\ncaption: y\r\n",
    ]
    for i, text in enumerate(broken):
        put("lesson", "%02d" % i, text)
