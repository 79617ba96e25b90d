/**
 * Models on disk, known by what they contain: a file is stored under its SHA-256, a name points to
 * it, and wherever the bytes came from, only the hash counts.
 *
 * <pre>
 * models/blobs/&lt;sha256&gt;.gguf           the files, each once, read-only
 * models/names/smollm2@135m.json       one small manifest for each name
 * models/partial/&lt;key&gt;.partial, .json  a download that can go on, and what it is a part of
 * models/partial/&lt;key&gt;/                where pip works; gone when it is done
 * models/locks/                        what keeps two processes apart
 * models/hashes/                       hashes of files that are used in place
 * models/packed/                       weights as kernels want them; can be made again
 * </pre>
 */
@NullMarked
package org.folkmoot.store;

import org.jspecify.annotations.NullMarked;
