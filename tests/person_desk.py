"""The display of tests/person.py: what hands do there, and what other programs do. Needs python3-xlib;
without it whoever imports this is skipped."""
import os
import time

import system_python
from test_window import skip

try:
    import Xlib.display
    import Xlib.X as X
    import Xlib.XK as XK
    import Xlib.Xatom as Xatom
    import Xlib.error
    from Xlib.ext import xtest
    from Xlib.protocol import event as xevent
except ImportError:
    system_python.otherwise()
    skip("python3-xlib is not installed")


class Desk:
    """What a person's hands do, as events of the X server; and the other side of the clipboard and
    of files that are dropped."""

    def __init__(self, name):
        self.x = Xlib.display.Display(name)
        self.x.set_error_handler(lambda *_: None)  # windows come and go
        self.root = self.x.screen().root
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self.own = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.window = None
        self.offers = {}
        self.pongs = 0
        self.keys = {}
        self.down = set()

    def atom(self, name):
        return self.x.intern_atom(name)

    def find(self):
        for window in self.root.query_tree().children:
            try:
                name = window.get_wm_name()
            except Xlib.error.XError:  # gone meanwhile
                continue
            if name and str(name).startswith("Inkling"):
                self.window = window
                return True
        return False

    def size(self):
        at = self.window.get_geometry()
        return at.width, at.height

    # -- what others ask for --

    def offer(self, selection, target, data):
        """Data that whoever asks for it may have."""
        self.offers[self.atom(selection)] = (self.atom(target), data)
        self.own.set_selection_owner(self.atom(selection), X.CurrentTime)
        self.x.flush()

    def hand_over(self, ask):
        target, data = self.offers.get(ask.selection, (None, b""))
        prop = ask.property or ask.target
        if ask.target == self.atom("TARGETS"):
            ask.requestor.change_property(prop, Xatom.ATOM, 32, [target] if target else [])
        elif ask.target == target:
            ask.requestor.change_property(prop, target, 8, data[:60000])
        else:
            prop = X.NONE
        ask.requestor.send_event(xevent.SelectionNotify(
            time=ask.time, requestor=ask.requestor, selection=ask.selection, target=ask.target,
            property=prop))

    def pump(self, seconds=0.0):
        until = time.monotonic() + seconds
        while True:
            self.x.sync()
            while self.x.pending_events():
                event = self.x.next_event()
                if event.type == X.SelectionRequest:
                    self.hand_over(event)
                elif event.type == X.ClientMessage and \
                        event.client_type == self.atom("WM_PROTOCOLS"):
                    self.pongs += 1
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.01))

    def message(self, kind, data):
        self.window.send_event(xevent.ClientMessage(
            window=self.window, client_type=self.atom(kind), data=(32, (data + [0] * 5)[:5])))
        self.x.flush()

    def ping(self):
        """As a window manager asks: does it still answer?"""
        before = self.pongs
        self.message("WM_PROTOCOLS", [self.atom("_NET_WM_PING"), X.CurrentTime, self.window.id])
        return lambda: self.pongs > before

    def drop(self, paths):
        uris = "".join("file://%s\r\n" % "".join(
            chr(c) if c < 128 and (chr(c).isalnum() or chr(c) in "/._-") else "%%%02X" % c
            for c in os.fsencode(path)) for path in paths).encode()
        self.offer("XdndSelection", "text/uri-list", uris)
        self.message("XdndEnter", [self.own.id, 5 << 24, self.atom("text/uri-list")])
        self.message("XdndPosition", [self.own.id, 0, 300 << 16 | 300, X.CurrentTime,
                                      self.atom("XdndActionCopy")])
        self.pump(0.05)
        self.message("XdndDrop", [self.own.id, 0, X.CurrentTime])

    # -- hands --

    def focus(self):
        self.window.set_input_focus(X.RevertToParent, X.CurrentTime)

    def move(self, x, y):
        xtest.fake_input(self.x, X.MotionNotify, x=int(x), y=int(y))
        self.x.flush()

    def press(self, button):
        self.down.add(button)
        xtest.fake_input(self.x, X.ButtonPress, button)
        self.x.flush()

    def release(self, button):
        self.down.discard(button)
        xtest.fake_input(self.x, X.ButtonRelease, button)
        self.x.flush()

    def code(self, name):
        """The key that makes this sign, and whether Shift is held with it."""
        if name not in self.keys:
            sign = XK.string_to_keysym(name) or ord(name[0])
            found = [(code, shift) for code, shift in self.x.keysym_to_keycodes(sign) if shift < 2]
            self.keys[name] = found[0] if found else (0, 0)
        return self.keys[name]

    def key(self, name, *held):
        code, shift = self.code(name)
        if code == 0:
            return
        held = [self.code(word)[0] for word in held]
        if shift:
            held.append(self.code("Shift_L")[0])
        for which in held + [code]:
            xtest.fake_input(self.x, X.KeyPress, which)
        for which in reversed(held + [code]):
            xtest.fake_input(self.x, X.KeyRelease, which)
        self.x.flush()

    def type(self, text):
        for i, sign in enumerate(text):
            self.key(sign)
            if i % 16 == 15:
                self.pump(0.01)
