# What the hosts' scripts share; `source "$HOSTS/common.sh"`. A check prints lines "held: ...", "failed: ..." or "skipped: ...".
set -uo pipefail

held() { echo "held: $*"; }
failed() { echo "failed: $*"; }
skip_all() { echo "skipped: $*"; exit 0; }

# install PACKAGES...: Debian's packages, or the host is skipped.
install() {
    dpkg -s "$@" > /dev/null 2>&1 && return
    [ "$(id -u)" -eq 0 ] || skip_all "needs root to install $*"
    command -v apt-get > /dev/null || skip_all "no apt-get here to install $*"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } || skip_all "Debian's $* cannot be installed here"
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
    NUGET_PACKAGES=$cache_of_packs dotnet restore "$restore" -v q --tl:off || return 1
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
