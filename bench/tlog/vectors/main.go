package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hashes struct{ h map[int64]tlog.Hash }

func (h hashes) ReadHashes(ix []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(ix))
	for i, x := range ix {
		v, ok := h.h[x]
		if !ok {
			return nil, fmt.Errorf("missing %d", x)
		}
		out[i] = v
	}
	return out, nil
}

type zero struct{ n byte }

func (z *zero) Read(p []byte) (int, error) {
	for i := range p {
		z.n = z.n*31 + 7
		p[i] = z.n
	}
	return len(p), nil
}

func check(e error) {
	if e != nil {
		panic(e)
	}
}

func main() {
	out := map[string]any{}
	// trees: entry i is "entry i"
	h := hashes{map[int64]tlog.Hash{}}
	var n int64
	type proof struct {
		Size, Leaf int64
		Hashes     []string
	}
	type cons struct {
		Small, Large int64
		Hashes       []string
	}
	roots := map[string]string{}
	var incl []proof
	var con []cons
	hx := func(hs []tlog.Hash) []string {
		r := []string{}
		for _, x := range hs {
			r = append(r, hex.EncodeToString(x[:]))
		}
		return r
	}
	sizes := map[int64]bool{1: true, 2: true, 3: true, 7: true, 8: true, 255: true, 256: true, 257: true, 511: true, 512: true, 1000: true, 65535: true, 65536: true, 65537: true, 70000: true}
	for n < 70000 {
		hs, err := tlog.StoredHashes(n, []byte(fmt.Sprintf("entry %d", n)), h)
		check(err)
		base := tlog.StoredHashIndex(0, n)
		for i, x := range hs {
			h.h[base+int64(i)] = x
		}
		n++
		if sizes[n] {
			r, err := tlog.TreeHash(n, h)
			check(err)
			roots[fmt.Sprint(n)] = hex.EncodeToString(r[:])
			for _, l := range []int64{0, n / 3, n - 1} {
				p, err := tlog.ProveRecord(n, l, h)
				check(err)
				incl = append(incl, proof{n, l, hx(p)})
			}
			for _, s := range []int64{1, n/2 + 1, n - 1, n} {
				if s < 1 || s > n {
					continue
				}
				p, err := tlog.ProveTree(n, s, h)
				check(err)
				con = append(con, cons{s, n, hx(p)})
			}
		}
	}
	out["roots"] = roots
	out["inclusion"] = incl
	out["consistency"] = con
	// tiles of the tree of 70000: path and sha256 of data
	tiles := map[string]string{}
	for _, t := range tlog.NewTiles(8, 0, 70000) {
		if t.L == 0 && t.N%50 != 0 && t.W == 256 {
			continue
		}
		d, err := tlog.ReadTileData(t, h)
		check(err)
		s := sha256.Sum256(d)
		p := t.Path() // tile/8/L/N
		p = "tile/" + strings.TrimPrefix(p, "tile/8/")
		tiles[p] = hex.EncodeToString(s[:])
	}
	out["tiles"] = tiles
	paths := map[string]int64{}
	for _, i := range []int64{0, 1, 999, 1000, 1234067, 123456789} {
		t := tlog.Tile{H: 8, L: 0, N: i, W: 256}
		paths["tile/"+strings.TrimPrefix(t.Path(), "tile/8/")] = i
	}
	out["paths"] = paths

	// notes
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	sk := ed25519.NewKeyFromSeed(seed)
	skey := func(name string, alg byte, seed, pub []byte) (string, string) {
		vkey, err := note.NewEd25519VerifierKey(name, ed25519.PublicKey(sk.Public().(ed25519.PublicKey)))
		check(err)
		parts := strings.SplitN(vkey, "+", 3)
		s := "PRIVATE+KEY+" + name + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(append([]byte{alg}, seed...))
		return s, vkey
	}
	name := "folkmoot.example/feed"
	s, v := skey(name, 1, seed, nil)
	signer, err := note.NewSigner(s)
	check(err)
	r, _ := tlog.TreeHash(70000, h)
	text := name + "\n70000\n" + base64.StdEncoding.EncodeToString(r[:]) + "\n"
	wsk, wvk0, err := note.GenerateKey(&zero{3}, "witness.example/w1")
	check(err)
	wvk, err := fnote.VKeyToCosignatureV1(wvk0)
	check(err)
	ws, err := fnote.NewSignerForCosignatureV1(wsk)
	check(err)
	mlsk, mlvk, err := fnote.GenerateMLDSAKey("witness.example/pq")
	check(err)
	ms, err := fnote.NewSignerForCosignatureV1(mlsk)
	check(err)
	signed, err := note.Sign(&note.Note{Text: text}, signer, ws, ms)
	check(err)
	mv, err := fnote.NewVerifierForCosignatureV1(mlvk)
	check(err)
	wv, err := fnote.NewVerifierForCosignatureV1(wvk)
	check(err)
	ev, err := note.NewVerifier(v)
	check(err)
	on, err := note.Open(signed, note.VerifierList(mv, wv, ev))
	check(err)
	if len(on.Sigs) != 3 {
		panic("sigs")
	}
	ts, err := fnote.CoSigV1Timestamp(on.Sigs[1])
	check(err)
	out["note"] = map[string]any{"seed": hex.EncodeToString(seed), "logVkey": v, "witnessVkey": wvk, "mldsaVkey": mlvk, "signed": string(signed), "witnessUnix": ts.Unix()}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	check(e.Encode(out))
	os.WriteFile("vectors.json", b.Bytes(), 0o644)
	fmt.Println(len(b.Bytes()), len(signed))
}
