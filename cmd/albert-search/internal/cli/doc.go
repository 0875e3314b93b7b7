// Package cli is what all commands of the program share, whatever they are
// about: flags, each declared once, that fill the fields of an options struct;
// the configuration files that may set them; what is wrong with a command line;
// exit codes; and printing for people and as JSON.
//
// A Command names an Options, whose Flags are read by everything that needs to
// know of them: the parser, --help, completion, the configuration files, the
// command line that an evaluation records, and the test of docs/cli.md.
// Parsing and --help are those of urfave/cli, which no other package of the
// program needs to know.
package cli
