"""Names of query parameters that carry personal data, secrets or sessions: never stored.

Names are compared without case, hyphens, underscores and dots, and of ``user[e-mail]`` the
innermost part alone, so that one entry covers the spellings of one word. A site adds its own.

NOTE: no name of a tag, a macro or a click id may stand here: it would be gone before it is read.
"""

from __future__ import annotations

PERSONAL_PARAMS = frozenset(
    (
        # who somebody is, and how to reach him
        *("email", "emailaddress", "useremail", "customeremail", "mail", "youxiang", "邮箱"),
        *("phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "cellphone"),
        *("shouji", "shoujihao", "dianhua", "手机", "手机号", "电话"),
        *("firstname", "lastname", "fullname", "realname", "username", "xingming", "姓名"),
        *("birthday", "birthdate", "dob", "ssn", "passport", "idcard", "idnumber", "shenfenzheng"),
        *("iban", "cardnumber", "creditcard", "cvv", "cvc"),
        # secrets
        *("password", "passwd", "pwd", "pass", "passphrase", "pin", "mima", "otp"),
        *(
            "token",
            "accesstoken",
            "idtoken",
            "refreshtoken",
            "authtoken",
            "resettoken",
            "csrftoken",
        ),
        *("xsrftoken", "auth", "authorization", "apikey", "secret", "clientsecret", "jwt"),
        *("samlresponse", "magiclink"),
        # sessions
        *("session", "sessionid", "sessid", "sess", "sid", "phpsessid", "jsessionid"),
        *("aspsessionid", "aspnetsessionid", "cfid", "cftoken", "oscsid", "zenid"),
    )
)
