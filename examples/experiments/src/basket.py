def shipping(client, context):
    if client.get_boolean_value("free-shipping", False, context):
        return 0
    if client.get_boolean_value("chekout-button", False, context):
        return 3
    return 5
