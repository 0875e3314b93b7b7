package ort

import "runtime"

// Version is the release of ONNX Runtime that Setup obtains. All sources have
// it, so that every machine computes with the same code.
const Version = "1.30.0"

// artifact is an archive that carries the library for one platform.
type artifact struct {
	platform string // GOOS/GOARCH
	source   source
	// origin is what the source is asked for: an address, the platform tag of
	// a wheel, the name of a package.
	origin string
	// size and sha256 are the archive's.
	size   int64
	sha256 string
	// member is the path of the library in the archive, librarySHA256 the
	// library's checksum.
	member        string
	librarySHA256 string
}

// source says where an archive comes from.
type source string

const (
	fromRelease source = "the release on GitHub"
	fromPip     source = "the Python package, through pip"
	fromNPM     source = "the Node.js package, through npm"
)

const (
	releases   = "https://github.com/microsoft/onnxruntime/releases/download/v" + Version + "/"
	npmPackage = "onnxruntime-node@" + Version
	npmSize    = 113507888
	npmSHA256  = "6e3390d6b783e7be946fad629292799da28d0b42f84856e50d2c1b0383291e75"
)

// pinned lists what Setup may install, for each platform in the order of
// trying. The library is built again for each kind of package, therefore its
// checksums differ.
var pinned = []artifact{
	{
		platform: "linux/amd64", source: fromRelease, origin: releases + "onnxruntime-linux-x64-" + Version + ".tgz",
		size: 11306877, sha256: "a5ed5a3cac51fbb2e90da632ae43d19212faaa20e76484e62bcb7c23ddb3b3fd",
		member:        "onnxruntime-linux-x64-" + Version + "/lib/libonnxruntime.so." + Version,
		librarySHA256: "245a6f8c38127551057a1cd1ffd59f0a186a227ade4f3492dea2494eb565542e",
	}, {
		platform: "linux/amd64", source: fromPip, origin: "manylinux_2_28_x86_64",
		size: 23585560, sha256: "86f940afc801ea9681a4da8af84fbe95e1d9ea7d80903952cc1bfad54faad38f",
		member:        "onnxruntime/capi/libonnxruntime.so." + Version,
		librarySHA256: "c902c70b3003c0e99fada202f37478c515ae9bba7944c2b2abd0017bae0c82ed",
	}, {
		platform: "linux/amd64", source: fromNPM, origin: npmPackage, size: npmSize, sha256: npmSHA256,
		member:        "package/bin/napi-v6/linux/x64/libonnxruntime.so.1",
		librarySHA256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
	}, {
		platform: "linux/arm64", source: fromRelease, origin: releases + "onnxruntime-linux-aarch64-" + Version + ".tgz",
		size: 10269495, sha256: "e16a27a8ed330bbc698df7330b0cf56e722f354e3bcc92118682c74ef3c3e3da",
		member:        "onnxruntime-linux-aarch64-" + Version + "/lib/libonnxruntime.so." + Version,
		librarySHA256: "64e903a43a041240fd6bcffe0ac6d4fea47ef87bf24b9d097801bd00a9612a4b",
	}, {
		platform: "linux/arm64", source: fromPip, origin: "manylinux_2_28_aarch64",
		size: 21344996, sha256: "5327cf6aa15a02bad805fac8bd6882a62571e8b72f6f2938a8f37e6bd1966ce9",
		member:        "onnxruntime/capi/libonnxruntime.so." + Version,
		librarySHA256: "8a218e1e446880131115c368ec7005969a5022af9a15a26173de648fef0b7789",
	}, {
		platform: "linux/arm64", source: fromNPM, origin: npmPackage, size: npmSize, sha256: npmSHA256,
		member:        "package/bin/napi-v6/linux/arm64/libonnxruntime.so.1",
		librarySHA256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
	}, {
		platform: "darwin/arm64", source: fromRelease, origin: releases + "onnxruntime-osx-arm64-" + Version + ".tgz",
		size: 42373116, sha256: "6ebb5062a934537c352937821f9fe9718e7de1a2db1122a93dd363ffd53a7012",
		member:        "onnxruntime-osx-arm64-" + Version + "/lib/libonnxruntime." + Version + ".dylib",
		librarySHA256: "bcc9110f9d638a119de2db7afb3ba9a1da8085f0cb3401e1c48ae1caf450b6fa",
	}, {
		platform: "darwin/arm64", source: fromPip, origin: "macosx_14_0_arm64",
		size: 21544990, sha256: "05e4fc41711d1f4abd19a9124b5be7a65a506cb2670a7f14b16162ef13c58134",
		member:        "onnxruntime/capi/libonnxruntime." + Version + ".dylib",
		librarySHA256: "05452268ebacf84af58ab1e21065a500687d085538067d146c34ef6f8882c5e2",
	}, {
		platform: "darwin/arm64", source: fromNPM, origin: npmPackage, size: npmSize, sha256: npmSHA256,
		member:        "package/bin/napi-v6/darwin/arm64/libonnxruntime." + Version + ".dylib",
		librarySHA256: "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d",
	},
}

// forThisPlatform returns the artifacts of the platform the program runs on.
func forThisPlatform(all []artifact) []artifact {
	var these []artifact
	for _, a := range all {
		if a.platform == runtime.GOOS+"/"+runtime.GOARCH {
			these = append(these, a)
		}
	}
	return these
}
