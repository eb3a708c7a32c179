# The commands of the README, run as they stand.
ln -s "$GV_SOURCE/datasets" datasets
sed -n '/^```sh$/,/^```$/p' "$GV_SOURCE/README.md" | grep '^grapevine ' >commands
while read -r line; do
    echo "\$ $line"
    sh -c "$line" >out 2>err
    code=$?
    echo "= $code"
    [ $code = 0 ] || cat err
done <commands
