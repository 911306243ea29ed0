#!/bin/sh
# Devices whose writes can be held: a RAM disk below a device-mapper target.
#   dm.sh create NAME LOWER   make /dev/mapper/NAME over LOWER
#   dm.sh hold NAME           from now on no write reaches the RAM disk; reads do
#   dm.sh pulse NAME          those held go down at once, later ones are held
#   dm.sh release NAME        those held go down at once, and later ones are not held
# Holding is dm-delay with a delay of an hour; when it is suspended it lets all go
# (drivers/md/dm-delay.c, delay_presuspend(), 6.1 to 7.3). Neither step freezes the file system,
# which would wait for the very writes that are held.
set -eu
export DM_DISABLE_UDEV=1

action=$1 name=$2
if [ "$action" = create ]; then
	mkdir -p /run/dm
	echo "$3" >"/run/dm/$name"
fi
lower=$(cat "/run/dm/$name")
sectors=$(blockdev --getsz "$lower")

case $action in
create)
	dmsetup create "$name" --table "0 $sectors linear $lower 0"
	;;
hold)
	dmsetup reload "$name" --table "0 $sectors delay $lower 0 0 $lower 0 3600000"
	dmsetup resume --nolockfs --noflush "$name"
	;;
pulse)
	dmsetup suspend --nolockfs --noflush "$name"
	dmsetup resume --nolockfs --noflush "$name"
	;;
release)
	dmsetup reload "$name" --table "0 $sectors linear $lower 0"
	dmsetup resume --nolockfs --noflush "$name"
	;;
*)
	echo "dm.sh: $action: not an action" >&2
	exit 2
	;;
esac
