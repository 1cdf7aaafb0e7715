#!/bin/sh
# image.sh DIRECTORY PACKAGE.deb: the files of the container image, out of Debian's packages and ours. No shell, no
# package manager, no other program than Python is in it.
set -eu
image=$(realpath -m "$1") package=$(realpath "$2")
version=$(/usr/bin/python3 -c 'import sys; print("{}.{}".format(*sys.version_info))')
mkdir -p "$image/tmp" "$image/packages"
cd "$image/packages"
apt-get download -qq base-files libc6 libgcc-s1 netbase python3-minimal "python$version-minimal" "libpython$version-minimal" \
    "libpython$version-stdlib" libbz2-1.0 libcrypt1 libexpat1 libffi8 liblzma5 libsqlite3-0 libssl3t64 libuuid1 libzstd1 zlib1g
for archive in ./*.deb "$package"; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$image" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/lintian/*' --exclude='./usr/share/locale/*' --exclude='./usr/lib/systemd/*' \
        --exclude='./usr/lib/*/gconv/*' --exclude='*/libdb*' --exclude='./usr/share/bash-completion/*' \
        --exclude='./usr/share/zsh/*' --exclude='./usr/share/fish/*' --exclude='./etc/logrotate.d/*'
done
cd /
rm -r "$image/packages"
mkdir -p "$image/etc/ssl/certs" "$image/etc/ccproxy/keys" "$image/var/lib/ccproxy"
cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
echo 'ccproxy:x:10001:10001:ccproxy:/var/lib/ccproxy:/usr/sbin/nologin' > "$image/etc/passwd"
echo 'ccproxy:x:10001:' > "$image/etc/group"
chown -R 10001:10001 "$image/var/lib/ccproxy"
chmod 1777 "$image/tmp"
# Neither the standard library nor ours has byte code yet, and nobody can write it later. Of what is compiled, that for
# other Pythons is of no use here.
find "$image/usr/lib/ccproxy" -name '*.cpython-*.so' ! -name "*.cpython-$(echo "$version" | tr -d .)-*" -delete
for modules in "python$version" "ccproxy/lib/python$version/site-packages"; do
    /usr/bin/python3 -m compileall -q -s "$image" --invalidation-mode unchecked-hash "$image/usr/lib/$modules" || true
done
