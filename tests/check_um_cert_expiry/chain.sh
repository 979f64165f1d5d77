# Makes one chain with OpenSSL, by the commands of $2, in the directory $1, and writes what OpenSSL says of it to verdict:
# root.pem are the anchors, others.pem what is served behind leaf.pem, host the name that is expected.
set -e
cd "$1"
host=cas1.example.com
purpose=sslserver

# key NAME KIND: its files, made once for all chains, of which several are made at the same time
key() {
    local pair=../key-$1-$2
    if [ ! -e "$pair" ]; then
        local kind=(-algorithm EC -pkeyopt "ec_paramgen_curve:$2")
        case $2 in
            rsa*) kind=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}") ;;
            pss) kind=(-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048) ;;
            pss-sha256) kind=(-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256
                -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:20) ;;
            ed*) kind=(-algorithm "$2") ;;
            dsa) kind=(-paramfile parameters) ;;
        esac
        [ "$2" != dsa ] || openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out parameters
        mkdir new
        openssl genpkey "${kind[@]}" -out new/key
        openssl pkey -in new/key -pubout -out new/pub
        mv -T new "$pair" 2>/dev/null || rm -r new
    fi
    cp "$pair/key" "$1.key"
    cp "$pair/pub" "$1.pub"
}

# issue NAME ISSUER SUBJECT EXTENSIONS OPTION...: NAME.pem, of NAME's key; at and days are its validity from now on
issue() {
    printf '%b\n' "$4" >"$1.ext"
    local signed=(-force_pubkey "$1.pub" -CA "$2.pem" -CAkey "$2.key")
    [ "$1" != "$2" ] || signed=(-key "$1.key")
    ${at:+faketime "$at days"} openssl x509 -new -subj "$3" -days "${days:-90}" -extfile "$1.ext" "${signed[@]}" \
        -out "$1.pem" "${@:5}"
}

ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
san="subjectAltName=DNS:$host"

# root KIND OPTION..., int KIND OPTION..., leaf OPTION...: the usual ones; sign is with what the issuer signs
root() {
    key root "${1:-P-256}"
    issue root root /CN=Root "$ca" "${@:2}"
}
int() {
    key int "${1:-P-256}"
    issue int root /CN=Issuing "$ca" "${@:2}"
    cat int.pem >>others.pem
}
leaf() {
    key leaf P-256
    issue leaf "$1" /CN=leaf "$san" "${@:2}"
}

eval "$2"

touch others.pem
cat leaf.pem others.pem >chain.pem
printf %s "$host" >host
check=(-verify_hostname "$host")
[[ $host =~ ^[0-9.]+$ ]] && check=(-verify_ip "$host")
[ -s others.pem ] && check+=(-untrusted others.pem)
openssl verify -CAfile root.pem -purpose "$purpose" "${check[@]}" leaf.pem >said 2>&1 &&
    echo ok >verdict || sed -n 's/^error \([0-9]*\) at.*: \(.*\)/\1 \2/p' said | head -1 >verdict
