# .NET as a Windows program: Wine 10 in a Debian 13 below $WORK/windows, and a Windows dotnet root with this machine's SDK. `source` it after common.sh.
# Not a Windows kernel: no TLS, no links, process ids from 32 on, ACLs are mode bits, a closed loopback port refuses at once.
windows=$WORK/windows debian=$WORK/windows/debian

# windows_path PATH: as Wine shows it.
windows_path() { printf 'Z:%s' "${1//\//\\}"; }

# wine_run PROGRAM ARGUMENTS...: in the current folder, with the environment. Pipe its output: Wine writes a plain file from its start, over what stands there.
wine_run() (
    export WINEPREFIX=$windows/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='winedbg.exe=d' DISPLAY= XDG_RUNTIME_DIR=/tmp
    export WINEPATH; WINEPATH="$(windows_path "$windows/dotnet")"
    export NUGET_PACKAGES; NUGET_PACKAGES=$(windows_path "$windows/packages")
    # Windows finds its runtime beside dotnet.exe; these would name the one for Linux.
    unset DOTNET_ROOT DOTNET_HOST_PATH TMPDIR
    exec chroot "$debian" sh -c 'cd "$0" && exec wine "$@"' "$(pwd -P)" "$@"
)
dotnet_exe() { wine_run "$windows/dotnet/dotnet.exe" "$@"; }

make_debian() {
    local mirror; mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 'Created-By: Packages' | sed -n 1p)
    [ -n "$mirror" ] && debootstrap --variant=minbase --arch=amd64 trixie "$debian" "$mirror" || return 1
    for folder in /proc /dev "$WORK"; do mkdir -p "$debian$folder"; mount --bind "$folder" "$debian$folder" || return 1; done
    cp /etc/hosts /etc/resolv.conf "$debian/etc/"
    chroot "$debian" apt-get update -q && DEBIAN_FRONTEND=noninteractive chroot "$debian" apt-get install -y -q --no-install-recommends wine wine64
}

# make_dotnet VERSIONS...: the SDK, its own runtime, and those.
make_dotnet() {
    local dotnet sdk runtime
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")") sdk=$(dotnet --version)
    runtime=$(dotnet --list-runtimes | awk '$1 == "Microsoft.NETCore.App" { newest = $2 } END { print newest }')
    dotnet_root "$windows/dotnet" win-x64 "$runtime" "$@" || return 1
    x86_64-w64-mingw32-gcc -O2 -o "$windows/dotnet/dotnet.exe" "$HOSTS/windows/muxer.c" -lshell32 || return 1
    cp -r "$HOSTS/windows/il-only" .
    dotnet build il-only -c Release -v q --tl:off -o il-only/out || return 1
    dotnet il-only/out/il-only.dll "$dotnet/sdk/$sdk" "$windows/dotnet/sdk/$sdk" \
        "$dotnet/shared/Microsoft.NETCore.App/$runtime" "$dotnet/shared/Microsoft.AspNetCore.App/$runtime" "$dotnet/sdk/$sdk/Roslyn/bincore" || return 1
    cp -r "$dotnet/packs" "$dotnet/sdk-manifests" "$windows/dotnet/"
}

make_prefix() {
    mkdir -p "$windows/packages"
    wine_run wineboot -i 2>&1 | cat
}

# restore PROJECT...: on Linux, for both sides: Wine has no TLS, so no source can be asked there. One folder of packages that both sides see; no fallback folder.
restore() {
    echo '<configuration><fallbackPackageFolders><clear /></fallbackPackageFolders></configuration>' > "$windows/nuget.config"
    for project in "$@"; do NUGET_PACKAGES=$windows/packages dotnet restore "$project" -v q --tl:off || return 1; done
}
