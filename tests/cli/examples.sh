# The example in the help of every command, run as it stands in a folder that has what a clone has.
ln -s "$GV_SOURCE/datasets" datasets
for command in import info verify learn influence evaluate ppr cascade merge export generate run; do
    example=$(grapevine $command --help | sed -n '/^Example:/{n;s/^  //;p;}')
    echo "\$ $example"
    sh -c "$example" >out 2>err
    code=$?
    echo "= $code"
    [ $code = 0 ] || cat err
done
ls
