# shellcheck shell=bash
# Debian packages of one release, whichever this machine runs: apt with lists and settings of its own
# in the cache, fed from the mirror the machine is set up with. Sourced after lib.sh, with RELEASE set.
# Leaves the functions apt, quietly, new_work, update, megabytes, unpack and make_root; $state is where
# apt keeps its own.
# shellcheck disable=SC2154

# apt's state for this release alone; what the machine itself has installed plays no part.
state=$CACHE/apt/$RELEASE
# Those of the rows of this release; amd64 is what all that runs on this machine is for.
mapfile -t archs < <(echo amd64
	kernel_table | awk -v release="$RELEASE" '$2 == release && $3 ~ /arm64$/ { print "arm64"; exit }')
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

apt_options=(
	-q
	-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
	-o "Dir::State=$state" -o "Dir::State::status=$state/status"
	-o "Dir::Cache=$state/cache"
	# Container images of Debian switch this off, which makes every look-up slow.
	-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=
	-o APT::Architecture=amd64 "${archs[@]/#/-oAPT::Architectures::=}" -o APT::Install-Recommends=0 -o APT::Default-Release=
	# apt's own user may not be able to write to the cache.
	-o "APT::Sandbox::User=$(id -un)"
	# Without this a mirror out of reach is a warning and success.
	-o APT::Update::Error-Mode=any
	-o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20
	# Whatever the machine's own settings say, only what Debian signed is used.
	-o Acquire::AllowInsecureRepositories=0 -o Acquire::AllowWeakRepositories=0
	-o APT::Get::AllowUnauthenticated=0
)
apt() {
	"apt-$1" "${apt_options[@]}" "${@:2}" </dev/null
}

work=
trap '[[ -z $work ]] || rm -rf "$work"' EXIT

# A directory for half-made things on the cache's own file system, so that a rename finishes them.
new_work() {
	[[ -z $work ]] || rm -rf "$work"
	work=$(mktemp -d "$CACHE/tmp/$RELEASE.XXXXXX")
}

# Runs a command, showing what it said only if it failed.
quietly() {
	"$@" >"$state/log" 2>&1 || { cat "$state/log" >&2; return 1; }
}

# mirror LABEL: the address from which this machine gets the part of Debian with that label.
mirror() {
	apt-get indextargets --format "\$(REPO_URI)" \
		'Origin: Debian' "Label: $1" 'Identifier: Packages' | awk 'NR == 1'
}

write_sources() {
	local main security entry

	entry="deb [target=Packages arch=$(IFS=,; echo "${archs[*]}") signed-by=$keyring]"

	main=$(mirror Debian)
	security=$(mirror Debian-Security)
	if [[ -z $main || -z $security ]] && [[ $(id -u) -eq 0 ]]; then
		# apt knows the labels only once it has seen the package lists.
		quietly apt-get update || true
		main=$(mirror Debian)
		security=$(mirror Debian-Security)
	fi
	[[ -n $main && -n $security ]] || return 1
	printf '%s\n' "$entry $main $RELEASE main" "$entry $security $RELEASE-security main" \
		"$entry $main $RELEASE-backports main" >"$work/sources.list"
	mv "$work/sources.list" "$state/sources.list"
}

# Gets the package lists; fails when the mirror is out of reach. What an old release has lost, its
# backports first, it does without: a suite of which the mirror says that it has none.
update() {
	local suite lost

	new_work
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	: >"$state/status"
	write_sources || { why="apt on this machine names no Debian mirror (main and security)"; return 1; }
	why="the Debian mirror of this machine does not answer"
	apt get update >"$state/log" 2>&1 && return
	lost=$(sed -nE "s/^E: The repository '[^ ]+ ([^ ]+) Release' does (not have|no longer have) a Release file\\.\$/\1/p" \
		"$state/log")
	[[ -n $lost ]] || return 1
	for suite in $lost; do
		[[ $suite != "$RELEASE" ]] || return 1
		sed -i "/ $suite main\$/d" "$state/sources.list"
	done
	apt get update >"$state/log" 2>&1
}

# megabytes PACKAGE...: what their download weighs, for a person.
megabytes() {
	apt cache show --no-all-versions "$@" | awk '/^Size:/ { n += $2 } END { print int(n / 1e6 + 1) " MB" }'
}

# unpack DIRECTORY DEB...: files only. No script of a package runs, which makes this quick and safe.
# An unpacked package may hold a real /lib where another made it a link: the link must stay.
unpack() {
	local into=$1 deb

	for deb in "${@:2}"; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --keep-directory-symlink \
			--no-same-owner --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
			--exclude='./usr/share/locale/*' --exclude='./usr/share/info/*'
	done
}

# make_root DIRECTORY PACKAGE...: a new root that holds these (options of apt-get install may come
# before them) and all they depend on; $work/debs gets the packages. Fails with what apt said when the mirror does not answer.
make_root() {
	local into=$1 link

	mkdir -p "$work/debs/partial" "$into"/{dev,proc,tmp} "$into"/usr/{bin,lib,lib64,sbin}
	for link in bin lib lib64 sbin; do
		ln -s "usr/$link" "$into/$link"
	done
	quietly apt get install -y --download-only -o "Dir::Cache::archives=$work/debs" "${@:2}" || return
	unpack "$into" "$work"/debs/*.deb
	# What the packages' scripts would have done, as far as a kernel build notices it.
	ln -sf mawk "$into/usr/bin/awk"
	[[ -e $into/bin/sh ]] || ln -s dash "$into/usr/bin/sh"
}
