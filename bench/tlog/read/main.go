// Reads a feed that 'folkmoot ledger export FOLDER' wrote, or that a node serves over HTTP
// (http://HOST:PORT/ledger/PEER), with Go's own client of transparency logs: checks the
// checkpoint's signature, every tile and bundle, and proves every entry.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct {
	at    string
	tiles map[string][]byte
}

func (f *folder) Height() int                         { return 8 }
func (f *folder) SaveTiles(t []tlog.Tile, d [][]byte) {}
func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		// Go's paths name the height; C2SP's do not.
		path := "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
		b, known := f.tiles[path]
		if !known {
			var err error
			if b, err = fetch(f.at, path); err != nil {
				return nil, err
			}
			f.tiles[path] = b
		}
		all = append(all, b)
	}
	return all, nil
}

// fetch reads a page of the log, from a folder or over HTTP.
func fetch(at, path string) ([]byte, error) {
	if !strings.HasPrefix(at, "http") {
		return os.ReadFile(filepath.Join(at, path))
	}
	answer, err := http.Get(at + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, 1<<25))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	at, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	check(err)
	signed, err := fetch(at, "checkpoint")
	check(err)
	open, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(open.Text, "\n")
	var size int64
	_, err = fmt.Sscan(lines[1], &size)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	f := &folder{at, map[string][]byte{}}
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, f)
	for n := int64(0); n < size; n += 256 {
		t := tlog.Tile{H: 8, L: -1, N: n / 256, W: int(min(256, size-n))}
		path := strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1)
		bundle, err := fetch(at, path)
		check(err)
		for i := n; i < n+int64(t.W); i++ {
			length := binary.BigEndian.Uint16(bundle)
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			proof, err := tlog.ProveRecord(size, i, hashes)
			check(err)
			check(tlog.CheckRecord(proof, size, root, i, tlog.RecordHash(entry)))
		}
		if len(bundle) > 0 {
			check(fmt.Errorf("%s is too long", path))
		}
	}
	fmt.Printf("%s: %d entries, all proven by %d tiles\n", lines[0], size, len(f.tiles))
}
