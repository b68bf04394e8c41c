# What the hosts' scripts share; `source "$HOSTS/common.sh"`. A check prints lines "held: ...", "failed: ..." or "skipped: ...".
set -uo pipefail

# Seconds. A registry that does not answer costs no more.
LONGEST_DOWNLOAD=${LONGEST_DOWNLOAD:-300}

held() { echo "held: $*"; }
failed() { echo "failed: $*"; }
skip_all() { echo "skipped: $*"; exit 0; }

# install PACKAGES...: Debian's packages, or the host is skipped.
install() {
    dpkg -s "$@" > /dev/null 2>&1 && return
    [ "$(id -u)" -eq 0 ] || skip_all "needs root to install $*"
    command -v apt-get > /dev/null || skip_all "no apt-get here to install $*"
    { timeout -k 5 120 apt-get update -q && DEBIAN_FRONTEND=noninteractive timeout -k 5 "$LONGEST_DOWNLOAD" apt-get install -y -q --no-install-recommends "$@"; } \
        || skip_all "Debian's $* cannot be installed here"
}

# restored NAME FOLDER [ARGUMENTS...]: `dotnet restore` there. False where it does not succeed: skipped when a package cannot be had here, else failed.
restored() {
    local name=$1 log=$2.restore.log code; (cd "$2" && shift 2 && exec timeout -k 5 "$LONGEST_DOWNLOAD" dotnet restore --tl:off "$@") > "$log" 2>&1; code=$?
    [ "$code" -ne 0 ] || return 0
    tail -n 20 "$log"
    local missing; missing=$(grep -m1 -oE 'error NU1(101|102|103|301): .*' "$log" | cut -c1-200)
    if [ "$code" -eq 124 ]; then
        echo "skipped: $name: its packages did not come within $LONGEST_DOWNLOAD s"
    elif [ -n "$missing" ] && ! grep -qi 'NU1.*SyncStorage' "$log"; then
        echo "skipped: $name: $missing"
    else
        failed "$name cannot be restored"
    fi
    return 1
}

# expect NAME LOG CODE WANTED-CODE PATTERN...: the run ended with that code, and its log has each pattern.
expect() {
    local name=$1 log=$2 code=$3 wanted=$4; shift 4
    [ "$code" -eq "$wanted" ] || { failed "$name: exit code $code instead of $wanted"; tail -n 30 "$log"; return 1; }
    for pattern in "$@"; do
        grep -qE -- "$pattern" "$log" || { failed "$name: nothing like '$pattern'"; tail -n 30 "$log"; return 1; }
    done
    held "$name"
}

# run_line WORKERS RESULTS: what the last line of such a run looks like.
run_line() { echo "Sync Storage: run .* completed, $1 workers?, master [^;]+; $2 results: $2 sent, 0 spooled, 0 rejected"; }

# expect_recovered NAME FOLDER RESULTS: the collectors in the crashed test hosts had told of all but the test that was running, which is named.
expect_recovered() {
    local lines; lines=$(cat "$2"/*/results.jsonl)
    local recovered running; recovered=$(grep -c '"recovered":true' <<<"$lines") running=$(grep -c 'ended while this test was running' <<<"$lines")
    if [ "$recovered" -eq "$3" ] && [ "$running" -ge 1 ]; then held "$1"; else failed "$1: $recovered of $3, $running named as running"; cat "$2"/*/results.jsonl "$2"/*/server.log; fi
}

# sample FOLDER: the sample project there, beside the product's feed.
sample() { mkdir -p "$1"; cp "$HOSTS"/sample/* "$1/"; }

# dotnet_root FOLDER RID VERSION...: a dotnet root (muxer, hostfxr, shared frameworks) out of NuGet's runtime packs; no SDK in it.
dotnet_root() {
    local target=$1 rid=$2; shift 2
    local restore; restore=$(mktemp -d "$WORK/packs-XXXXXX")
    local versions; versions=$(printf '[%s];' "$@")
    cat > "$restore/packs.csproj" <<P
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
<ItemGroup><PackageDownload Include="Microsoft.NETCore.App.Runtime.$rid;Microsoft.AspNetCore.App.Runtime.$rid" Version="$versions" /></ItemGroup></Project>
P
    # Kept in the machine's own package cache: these are large and never change.
    NUGET_PACKAGES=$cache_of_packs timeout -k 5 "$LONGEST_DOWNLOAD" dotnet restore "$restore" -v q --tl:off || return 1
    local version framework pack shared
    for version in "$@"; do
        for framework in NETCore AspNetCore; do
            pack=$cache_of_packs/microsoft.${framework,,}.app.runtime.$rid/$version/runtimes/$rid shared=$target/shared/Microsoft.$framework.App/$version
            mkdir -p "$shared"
            cp "$pack"/lib/net*/* "$shared/" || return 1
            [ ! -d "$pack/native" ] || cp "$pack"/native/* "$shared/"
            echo "$version" > "$shared/.version"
        done
        mkdir -p "$target/host/fxr/$version"
        mv "$target/shared/Microsoft.NETCore.App/$version"/*hostfxr.* "$target/host/fxr/$version/"
    done
    [ "$rid" = win-x64 ] || cp -n "$(readlink -f "$(command -v dotnet)")" "$target/dotnet"
}
cache_of_packs=$(sed -n 's/.*key="cache" value="\(.*\)" .*/\1/p' "$WORK/nuget.config"); cache_of_packs=${cache_of_packs%/}
