/** The second file: what only some sites use, each part switched on by a word in `data-extra`. */
